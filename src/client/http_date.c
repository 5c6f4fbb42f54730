/* SPDX-License-Identifier: Apache-2.0 */
/* Dates in headers (RFC 9110 5.6.7) and Retry-After (10.2.3). Ours, because the C library's parsers
 * follow the program's locale. */
#include "client.h"

#define DATE_TEXT_MAX       64
#define RETRY_AFTER_SECONDS (INT64_C(366) * 86400)

struct date {
    int year, month, day, hour, minute, second;
};

static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool take(struct str *s, const char *literal) {
    if (!str_starts(*s, literal)) {
        return false;
    }
    *s = str_sub(*s, str_from(literal).n, s->n);
    return true;
}

static bool take_name(struct str *s, const char *const *names, size_t n, int *ret_number) {
    for (size_t i = 0; i < n; i++) {
        if (take(s, names[i])) {
            *ret_number = (int)i + 1;
            return true;
        }
    }
    return false;
}

static bool take_digits(struct str *s, size_t n, int *ret) {
    int64_t v;
    struct str digits = str_sub(*s, 0, n);
    if (digits.n != n || digits.p[0] == '-' || !str_int(digits, &v)) {
        return false;
    }
    *ret = (int)v;
    *s = str_sub(*s, n, s->n);
    return true;
}

static bool take_time(struct str *s, struct date *d) {
    return take_digits(s, 2, &d->hour) && take(s, ":") && take_digits(s, 2, &d->minute) &&
           take(s, ":") && take_digits(s, 2, &d->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool imf_parse(struct str s, struct date *d) {
    int weekday;
    return take_name(&s, days, COUNT_OF(days), &weekday) && take(&s, ", ") &&
           take_digits(&s, 2, &d->day) && take(&s, " ") &&
           take_name(&s, months, COUNT_OF(months), &d->month) && take(&s, " ") &&
           take_digits(&s, 4, &d->year) && take(&s, " ") && take_time(&s, d) && take(&s, " GMT") &&
           s.n == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT": a year that seems more than 50 years ahead is of the past. */
static bool rfc850_parse(struct str s, int64_t now, struct date *d) {
    int weekday, this_year = 1970 + (int)(now / 31556952);
    if (!(take_name(&s, long_days, COUNT_OF(long_days), &weekday) && take(&s, ", ") &&
          take_digits(&s, 2, &d->day) && take(&s, "-") &&
          take_name(&s, months, COUNT_OF(months), &d->month) && take(&s, "-") &&
          take_digits(&s, 2, &d->year) && take(&s, " ") && take_time(&s, d) && take(&s, " GMT") &&
          s.n == 0)) {
        return false;
    }
    d->year += this_year / 100 * 100;
    if (d->year > this_year + 50) {
        d->year -= 100;
    }
    return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_parse(struct str s, struct date *d) {
    int weekday;
    return take_name(&s, days, COUNT_OF(days), &weekday) && take(&s, " ") &&
           take_name(&s, months, COUNT_OF(months), &d->month) && take(&s, " ") &&
           (take(&s, " ") ? take_digits(&s, 1, &d->day) : take_digits(&s, 2, &d->day)) &&
           take(&s, " ") && take_time(&s, d) && take(&s, " ") && take_digits(&s, 4, &d->year) &&
           s.n == 0;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(const struct date *d) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length = lengths[d->month - 1] + (d->month == 2 && is_leap(d->year) ? 1 : 0);
    return d->year >= 1 && d->day >= 1 && d->day <= length && d->hour < 24 && d->minute < 60 &&
           d->second <= 60; /* a leap second */
}

/* Days since 1970 in the Gregorian calendar, counted in years that begin in March: the leap day is
 * the last of one. */
static int64_t days_since_epoch(const struct date *d) {
    int64_t y = d->year - (d->month <= 2 ? 1 : 0);
    int64_t day_of_year = (153 * (d->month + (d->month > 2 ? -3 : 9)) + 2) / 5 + d->day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

bool http_date_parse(struct str text, int64_t now, int64_t *ret_time) {
    struct date d = {0};
    struct str s = str_trim(text);
    if (s.n == 0 || s.n > DATE_TEXT_MAX ||
        !(imf_parse(s, &d) || rfc850_parse(s, now, &d) || asctime_parse(s, &d)) || !is_date(&d)) {
        return false;
    }
    *ret_time =
        days_since_epoch(&d) * 86400 + d.hour * INT64_C(3600) + d.minute * INT64_C(60) + d.second;
    return true;
}

int64_t retry_after_parse(struct str text, int64_t now) {
    int64_t seconds, at;
    struct str s = str_trim(text);
    if (s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9') {
        if (!str_int(s, &seconds)) {
            return -1;
        }
    } else if (http_date_parse(s, now, &at)) {
        seconds = at > now ? at - now : 0;
    } else {
        return -1;
    }
    return (seconds < RETRY_AFTER_SECONDS ? seconds : RETRY_AFTER_SECONDS) * 1000;
}
