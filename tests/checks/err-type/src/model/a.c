/* SPDX-License-Identifier: Apache-2.0 */
int wrong(struct ctx *cx)
{
    return fail(cx, ERR_INTERNAL, "no");
}

static err right(struct ctx *cx)
{
    TRY(other(cx));
    return OK;
}
