/* SPDX-License-Identifier: Apache-2.0 */
int a(const char *client_secret, struct str given, struct secret mac)
{
    if (str_eq(given, mac)) {
        return 1;
    }
    if (str_is(given, "client_secret_post") || str_eq(given, code_digest)) { /* public: the digest of a public value */
        return 2;
    }
    return strcmp(client_secret, name(given)) == 0;
}
