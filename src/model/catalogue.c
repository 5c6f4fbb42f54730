/* SPDX-License-Identifier: Apache-2.0 */
/* Closed lists as tables: scopes, permissions, and the words that rows may hold. */
#include "model.h"

/* PROTOCOL 4. A user token is judged by its role; these bound what an application may do by itself.
 */
static const char *const scopes[] = {
    "openid",
    "profile",
    "email",
    "phone",
    "offline_access",
    "platform-user-read",
    "platform-user-write",
    "analytics-query",
    "access-key-read",
    "access-key-write",
    "application-read",
    "application-write",
    "agent-session",
};

/* Only what some route checks: a permission that nothing asks for would promise what is not kept.
 * Seed 003: My Access Key is for one's own account, Access Key for those of others. */
static const struct permission_info permissions[] = {
    {"my-access-key.view", "My Access Key", "See one's own access keys"},
    {"my-access-key.create", "My Access Key", "Create access keys for oneself"},
    {"my-access-key.edit", "My Access Key", "Activate and deactivate one's own access keys"},
    {"my-access-key.delete", "My Access Key", "Delete one's own access keys"},
    {"access-key.view", "Access Key", "See the access keys of others"},
    {"access-key.create", "Access Key", "Create access keys for others"},
    {"access-key.edit", "Access Key", "Activate and deactivate the access keys of others"},
    {"access-key.delete", "Access Key", "Delete the access keys of others"},
    {"employee.view", "Employees", "See other employees"},
};

static const char *const application_types[] = {"backend", "public", "confidential"};
static const char *const auth_methods[] = {"client_secret_basic", "client_secret_post",
                                           "client_secret_jwt", "private_key_jwt", "none"};
static const char *const employee_statuses[] = {"UNREGISTERED", "PENDING", "ACTIVE", "BLOCKED",
                                                "DELETED"};

/* OAuth 2.0 Multiple Response Type Encoding Practices 3 and 5. */
static const char *const response_types[] = {
    "code",          "id_token",   "id_token token",     "token",
    "code id_token", "code token", "code id_token token"};

static bool listed(struct str word, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, list[i])) {
            return true;
        }
    }
    return false;
}

const char *scope_at(size_t i) {
    return i < COUNT_OF(scopes) ? scopes[i] : NULL;
}

bool scope_known(struct str name) {
    return listed(name, scopes, COUNT_OF(scopes));
}

const struct permission_info *permission_at(size_t i) {
    return i < COUNT_OF(permissions) ? &permissions[i] : NULL;
}

bool permission_known(struct str name) {
    for (size_t i = 0; i < COUNT_OF(permissions); i++) {
        if (str_is(name, permissions[i].name)) {
            return true;
        }
    }
    return false;
}

bool application_type_known(struct str type) {
    return listed(type, application_types, COUNT_OF(application_types));
}

bool auth_method_known(struct str method) {
    return listed(method, auth_methods, COUNT_OF(auth_methods));
}

bool employee_status_known(struct str status) {
    return listed(status, employee_statuses, COUNT_OF(employee_statuses));
}

const char *response_type_at(size_t i) {
    return i < COUNT_OF(response_types) ? response_types[i] : NULL;
}

bool response_type_known(struct str type) {
    return listed(type, response_types, COUNT_OF(response_types));
}
