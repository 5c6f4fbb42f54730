/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi.json. The document is a constant of the program (openapi_main.c wrote it when the
 * program was built). */
#include "posternd.h"

#define OPENAPI_MAX_AGE 3600

extern const char openapi_document[];
extern const size_t openapi_document_size;

err openapi_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    rp->body = (struct str){openapi_document, openapi_document_size};
    reply_cacheable(cx, rq, rp, OPENAPI_MAX_AGE);
    return OK;
}
