/* SPDX-License-Identifier: Apache-2.0 */
/* The table of libcurl's functions. */
#include <dlfcn.h>
#include <string.h>

#include "net.h"

bool curl_load(struct curl *ret_curl) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return false;
    }
    struct curl c;
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"curl_easy_init", &c.easy_init},
        {"curl_easy_setopt", &c.easy_setopt},
        {"curl_easy_perform", &c.easy_perform},
        {"curl_easy_getinfo", &c.easy_getinfo},
        {"curl_easy_reset", &c.easy_reset},
        {"curl_easy_cleanup", &c.easy_cleanup},
        {"curl_easy_strerror", &c.easy_strerror},
        {"curl_multi_init", &c.multi_init},
        {"curl_multi_add_handle", &c.multi_add_handle},
        {"curl_multi_remove_handle", &c.multi_remove_handle},
        {"curl_multi_perform", &c.multi_perform},
        {"curl_multi_poll", &c.multi_poll},
        {"curl_multi_info_read", &c.multi_info_read},
        {"curl_multi_cleanup", &c.multi_cleanup},
        {"curl_slist_append", &c.slist_append},
        {"curl_slist_free_all", &c.slist_free_all},
        {"curl_url", &c.url},
        {"curl_url_cleanup", &c.url_cleanup},
        {"curl_url_set", &c.url_set},
        {"curl_url_get", &c.url_get},
        {"curl_free", &c.free},
        {"curl_version", &c.version},
    };
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL) {
            return false;
        }
        memcpy(symbols[i].to, &symbol, sizeof(symbol));
    }
    *ret_curl = c;
    return true;
}
