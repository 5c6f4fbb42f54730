/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: everything that posternd answers. A row is all there is to know about an
 * endpoint; the columns are explained in http.h. Metrics, /openapi.json and OPTIONS follow from it.
 */
#include "posternd.h"
#include "web.h"

/* clang-format off */
static const struct route rows[] = {
    /* Discovery (PROTOCOL 3): public to every origin. */
    {.methods = HTTP_GET, .path = "/.well-known/openid-configuration", .handle = discovery_get,
     .cors = CORS_PUBLIC, .errors = ERRORS_OAUTH,
     .name = "openid_configuration_get", .summary = "OpenID Connect discovery document",
     .response_schema = "OpenIdConfiguration"},
    {.methods = HTTP_GET, .path = "/.well-known/oauth-authorization-server", .handle = discovery_get,
     .cors = CORS_PUBLIC, .errors = ERRORS_OAUTH,
     .name = "authorization_server_get", .summary = "The same document under the name of RFC 8414",
     .response_schema = "OpenIdConfiguration"},
    {.methods = HTTP_GET, .path = "/.well-known/cxone-configuration", .handle = tenant_discovery_get,
     .cors = CORS_PUBLIC, .errors = ERRORS_OAUTH,
     .name = "tenant_discovery_get", .summary = "Where the APIs of a tenant are",
     .response_schema = "TenantDiscovery"},
    {.methods = HTTP_GET, .path = "/auth/jwks", .handle = jwks_get,
     .cors = CORS_PUBLIC, .errors = ERRORS_OAUTH,
     .name = "jwks_get", .summary = "Keys that verify tokens: active, future and retired",
     .response_schema = "JsonWebKeySet"},

    /* OAuth 2.0 and OpenID Connect (PROTOCOL 4, 5). */
    {.methods = HTTP_POST, .path = "/auth/token", .handle = token_post, .auth = AUTH_CLIENT,
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_TOKEN, .errors = ERRORS_OAUTH,
     .name = "token_post", .summary = "Get tokens for a grant",
     .request_schema = "TokenRequest", .response_schema = "TokenResponse"},
    {.methods = HTTP_POST, .path = "/api/v2/oauth/token", .handle = token_post, .auth = AUTH_CLIENT,
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_TOKEN, .errors = ERRORS_OAUTH,
     .name = "token_v2_post", .summary = "The token endpoint under its older name",
     .request_schema = "TokenRequest", .response_schema = "TokenResponse"},
    {.methods = HTTP_GET, .path = "/auth/userinfo", .handle = userinfo, .auth = AUTH_BEARER,
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "userinfo_get", .summary = "Claims about the user of the access token",
     .response_schema = "UserInfo"},
    {.methods = HTTP_POST, .path = "/auth/userinfo", .handle = userinfo, .auth = AUTH_BEARER,
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "userinfo_post", .summary = "Claims about the user of the access token",
     .response_schema = "UserInfo"},
    {.methods = HTTP_POST, .path = "/auth/introspect", .handle = introspect_post, .auth = AUTH_CLIENT,
     .body = BODY_FORM, .cors = CORS_NONE, .rate = RATE_TOKEN, .errors = ERRORS_OAUTH,
     .name = "introspect_post", .summary = "Is this token active, and whose is it? (RFC 7662)",
     .request_schema = "IntrospectRequest", .response_schema = "IntrospectResponse"},
    {.methods = HTTP_POST, .path = "/auth/revoke", .handle = revoke_post, .auth = AUTH_CLIENT,
     .body = BODY_FORM, .cors = CORS_REGISTERED, .rate = RATE_TOKEN, .errors = ERRORS_OAUTH,
     .name = "revoke_post", .summary = "End a token and what belongs to it (RFC 7009)",
     .request_schema = "RevokeRequest"},

    /* People sign in and out (PROTOCOL 5): pages, and redirects back to applications. */
    {.methods = HTTP_GET, .path = "/auth/authorize", .handle = authorize_page, .errors = ERRORS_PAGE,
     .name = "authorize_get", .summary = "Sign a user in and go back to the application with a code or tokens"},
    {.methods = HTTP_POST, .path = "/auth/authorize", .handle = authorize_page, .body = BODY_FORM,
     .body_max = AUTHORIZE_BODY_MAX, .errors = ERRORS_PAGE,
     .name = "authorize_post", .summary = "The same with the parameters in a form"},
    {.methods = HTTP_GET, .path = LOGIN_PATH, .handle = login_get, .errors = ERRORS_PAGE,
     .name = "login_get", .summary = "The page of a sign-in that is under way"},
    {.methods = HTTP_POST, .path = LOGIN_PATH, .handle = login_post, .body = BODY_FORM,
     .body_max = LOGIN_BODY_MAX, .rate = RATE_PASSWORD, .errors = ERRORS_PAGE,
     .name = "login_post", .summary = "A step of a sign-in"},
    {.methods = HTTP_GET, .path = SECOND_FACTOR_PATH, .handle = second_factor_page, .errors = ERRORS_PAGE,
     .name = "second_factor_get", .summary = "A sign-in whose last step is the second factor of the account"},
    {.methods = HTTP_GET, .path = LOGIN_CALLBACK_PATH, .handle = provider_callback, .errors = ERRORS_PAGE,
     .name = "login_callback_get", .summary = "Back from the OpenID provider that a user signs in with"},
    {.methods = HTTP_GET, .path = LOGOUT_PATH, .handle = logout_page, .errors = ERRORS_PAGE,
     .name = "logout_get", .summary = "End the browser's session (OpenID Connect RP-Initiated Logout)"},
    {.methods = HTTP_POST, .path = LOGOUT_PATH, .handle = logout_page, .body = BODY_FORM,
     .body_max = AUTHORIZE_BODY_MAX, .errors = ERRORS_PAGE,
     .name = "logout_post", .summary = "The same with the parameters in a form"},
    {.methods = HTTP_GET, .path = ASSET_PATH "{name}", .handle = asset_get, .errors = ERRORS_PAGE,
     .name = "asset_get", .summary = "What the pages need; each name has the digest of its content"},

    /* The older surfaces (PROTOCOL 6). */
    {.methods = HTTP_POST, .path = "/authentication/v1/token/access-key", .handle = access_key_token_post,
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_TOKEN, .errors = ERRORS_API,
     .name = "access_key_token_post", .summary = "Get tokens for an access key, without an application",
     .request_schema = "AccessKeyTokenRequest", .response_schema = "AccessKeyTokenResponse"},
    {.methods = HTTP_POST, .path = "/public/user/refresh", .handle = user_refresh_post,
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_TOKEN, .errors = ERRORS_API,
     .name = "user_refresh_post", .summary = "Get tokens for a generated key or a refresh token",
     .request_schema = "UserRefreshRequest", .response_schema = "UserRefreshResponse"},

    /* Access keys: My Access Key for one's own, Access Key for those of others. */
    {.methods = HTTP_GET, .path = "/access-key-management/v1/access-keys", .handle = access_keys_get,
     .auth = AUTH_BEARER, .scope = "access-key-read",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_keys_get", .summary = "List access keys",
     .response_schema = "AccessKeyList"},
    {.methods = HTTP_POST, .path = "/access-key-management/v1/access-keys", .handle = access_keys_post,
     .auth = AUTH_BEARER, .scope = "access-key-write",
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_keys_post", .summary = "Create an access key; its secret is shown this once",
     .request_schema = "AccessKeyCreate", .response_schema = "AccessKeyCreated"},
    {.methods = HTTP_PATCH, .path = "/access-key-management/v1/access-keys", .handle = access_keys_patch,
     .auth = AUTH_BEARER, .scope = "access-key-write",
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_keys_patch", .summary = "Activate or deactivate the access key named in the query",
     .request_schema = "AccessKeyPatch", .response_schema = "AccessKeyAnswer"},
    {.methods = HTTP_GET, .path = "/access-key-management/v1/access-keys/{accessKeyId}", .handle = access_key_get,
     .auth = AUTH_BEARER, .scope = "access-key-read",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_key_get", .summary = "One access key",
     .response_schema = "AccessKeyAnswer"},
    {.methods = HTTP_PATCH, .path = "/access-key-management/v1/access-keys/{accessKeyId}", .handle = access_key_patch,
     .auth = AUTH_BEARER, .scope = "access-key-write",
     .body = BODY_FORM_OR_JSON, .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_key_patch", .summary = "Activate or deactivate an access key",
     .request_schema = "AccessKeyPatch", .response_schema = "AccessKeyAnswer"},
    {.methods = HTTP_DELETE, .path = "/access-key-management/v1/access-keys/{accessKeyId}", .handle = access_key_remove,
     .auth = AUTH_BEARER, .scope = "access-key-write",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "access_key_delete", .summary = "Delete an access key"},

    /* Employees (PROTOCOL 8, 12.13). */
    {.methods = HTTP_GET, .path = "/api/v2/users/{id}", .handle = users_get,
     .auth = AUTH_BEARER, .scope = "platform-user-read",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "users_get", .summary = "A user; me is the one whose token it is",
     .response_schema = "User"},
    {.methods = HTTP_GET, .path = "/user-management/v1/users/{id}", .handle = employee_get,
     .auth = AUTH_BEARER, .scope = "platform-user-read",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "employee_v1_get", .summary = "An employee",
     .response_schema = "EmployeeAnswer"},
    {.methods = HTTP_GET, .path = "/user-management/v3/users/{id}", .handle = employee_get,
     .auth = AUTH_BEARER, .scope = "platform-user-read",
     .cors = CORS_REGISTERED, .rate = RATE_API, .errors = ERRORS_API,
     .name = "employee_v3_get", .summary = "An employee",
     .response_schema = "EmployeeAnswer"},

    {.methods = HTTP_GET, .path = "/openapi.json", .handle = openapi_get,
     .cors = CORS_PUBLIC, .errors = ERRORS_API,
     .name = "openapi_get", .summary = "This description of the API"},
};
/* clang-format on */

const struct route *route_rows(size_t *ret_n) {
    *ret_n = COUNT_OF(rows);
    return rows;
}
