/* SPDX-License-Identifier: Apache-2.0 */
/* The table of libmicrohttpd's functions. Linked, it would cost every start of the command. */
#include <dlfcn.h>
#include <string.h>

#include "proxy.h"

bool mhd_load(struct mhd *ret_mhd) {
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return false;
    }
    struct mhd m;
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"MHD_start_daemon", &m.start_daemon},
        {"MHD_stop_daemon", &m.stop_daemon},
        {"MHD_get_version", &m.get_version},
        {"MHD_add_connection", &m.add_connection},
        {"MHD_get_connection_values_n", &m.get_connection_values_n},
        {"MHD_get_connection_info", &m.get_connection_info},
        {"MHD_set_connection_option", &m.set_connection_option},
        {"MHD_create_response_from_callback", &m.response_from_callback},
        {"MHD_create_response_from_buffer", &m.response_from_buffer},
        {"MHD_add_response_header", &m.add_response_header},
        {"MHD_queue_response", &m.queue_response},
        {"MHD_destroy_response", &m.destroy_response},
    };
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL) {
            return false;
        }
        memcpy(symbols[i].to, &symbol, sizeof(symbol));
    }
    *ret_mhd = m;
    return true;
}
