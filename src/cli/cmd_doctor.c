/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: every step from the settings to a call, in the order in which a program meets them: what
 * is there, what is wrong, and how to mend it. */
#include <netdb.h>
#include <stdarg.h>

#include "doctor.h"

static const struct step {
    const char *name;
    void (*run)(struct doctor *d, struct check *k);
} steps[] = {
    {"settings", doctor_settings},
    {"secrets", doctor_secrets},
    {"cache", doctor_cache},
    {"libcurl", doctor_libcurl},
    {"proxy", doctor_proxy},
    {"dns", doctor_dns},
    {"connect", doctor_connect},
    {"tls", doctor_tls},
    {"discovery", doctor_discovery},
    {"clock", doctor_clock},
    {"authentication", doctor_authentication},
    {"id_token", doctor_id_token},
    {"tenant", doctor_tenant},
    {"call", doctor_call},
};

static const struct {
    const char *name;
    enum style style;
} states[] = {[CHECK_OK] = {"ok", STYLE_GOOD},
              [CHECK_WARNING] = {"warning", STYLE_WARN},
              [CHECK_WRONG] = {"wrong", STYLE_BAD},
              [CHECK_SKIPPED] = {"skipped", STYLE_DIM}};

/* ---- how a step ends ---- */

void check_ok(struct check *k, struct str found) {
    *k = (struct check){.state = CHECK_OK, .found = found};
}

void check_warn(struct check *k, struct str found, const char *remedy) {
    *k = (struct check){.state = CHECK_WARNING, .found = found, .remedy = str_from(remedy)};
}

void check_wrong(struct check *k, int exit, struct str found, const char *remedy) {
    *k = (struct check){
        .state = CHECK_WRONG, .found = found, .remedy = str_from(remedy), .exit = exit};
}

void check_skip(struct check *k, const char *why) {
    *k = (struct check){.state = CHECK_SKIPPED, .found = str_from(why)};
}

void check_failed(const struct doctor *d, struct check *k, const char *remedy) {
    const struct postern_error *e = postern_error();
    struct str found = str_copy(d->c->cx->arena, str_from(e->message));
    if (e->correlation_id[0] != '\0') {
        found =
            str_format(d->c->cx->arena, "%s (correlation id %s)", e->message, e->correlation_id);
    }
    check_wrong(k, cli_exit_of(e->code), found, remedy);
}

const char *remedy_of(const struct doctor *d, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return str_z(d->c->cx->arena, str_from(text));
}

/* ---- what is shown ---- */

#define TEXT_COLUMN 36 /* where what is found begins */

static void print_line(const struct cli *c, const char *name, const struct check *k, int64_t ms) {
    struct arena *a = c->cx->arena;
    const char *state = states[k->state].name;
    if (!c->terminal) {
        (void)fprintf(c->out, "%s\t%s\t%lld\t%s\t%s\n", name, state, (long long)ms,
                      str_z(a, visible(a, k->found)), str_z(a, visible(a, k->remedy)));
        return;
    }
    struct str padded = str_format(a, "%-8s", state);
    (void)fprintf(c->out, "%s %-15s %6lld ms  ", cli_styled(c, states[k->state].style, padded),
                  name, (long long)ms);
    cli_wrapped(c, STYLE_PLAIN, TEXT_COLUMN, k->found);
    if (k->remedy.n > 0) {
        (void)fprintf(c->out, "%*s-> ", TEXT_COLUMN - 3, "");
        cli_wrapped(c, STYLE_BOLD, TEXT_COLUMN, k->remedy);
    }
    (void)fflush(c->out);
}

static void put_json(struct json_out *j, const char *name, const struct check *k, int64_t ms) {
    json_open_object(j, NULL);
    json_put_z(j, "step", name);
    json_put_z(j, "state", states[k->state].name);
    json_put_str(j, "found", k->found);
    json_put_str(j, "remedy", k->remedy);
    json_put_int(j, "ms", ms);
    json_close_object(j);
}

/* ---- all of it ---- */

static void doctor_done(void *doctor) {
    struct doctor *d = doctor;
    postern_discovery_done(&d->environment);
    postern_discovery_done(&d->tenant);
    postern_token_done(&d->token);
    if (d->addresses != NULL) {
        freeaddrinfo(d->addresses);
    }
}

static int64_t step_run(struct doctor *d, const struct step *step, struct check *k) {
    cli_progress(d->c, "%s ...", step->name);
    int64_t begun = clock_monotonic_us();
    check_skip(k, "nothing to look at");
    step->run(d, k);
    cli_progress(d->c, "%s", "");
    return (clock_monotonic_us() - begun) / 1000;
}

int cmd_doctor(struct cli *c) {
    struct doctor *d = NEW(c->cx->arena, struct doctor);
    struct buf b = buf_in(c->cx->arena, 4096);
    struct json_out j = json_to(&b);
    int status = EXIT_OK;
    d->c = c;
    d->environment = d->tenant = (struct postern_discovery)POSTERN_DISCOVERY_INIT;
    d->token = (struct postern_token)POSTERN_TOKEN_INIT;
    arena_defer(c->cx->arena, doctor_done, d);
    json_open_array(&j, NULL);
    for (size_t i = 0; i < COUNT_OF(steps) && status != EXIT_CANCELLED; i++) {
        struct check k;
        int64_t ms = step_run(d, &steps[i], &k);
        if (k.state == CHECK_WRONG && (status == EXIT_OK || k.exit == EXIT_CANCELLED)) {
            status = k.exit;
        }
        if (c->json) {
            put_json(&j, steps[i].name, &k, ms);
        } else {
            print_line(c, steps[i].name, &k, ms);
        }
    }
    json_close_array(&j);
    if (c->json) {
        cli_json(c, buf_view(&b));
    }
    return status;
}
