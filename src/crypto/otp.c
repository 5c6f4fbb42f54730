/* SPDX-License-Identifier: Apache-2.0 */
/* One-time passwords of a counter (HOTP, RFC 4226) and of the time (TOTP, RFC 6238): what
 * authenticator apps and tokens compute. */
#include "crypto.h"

#include <string.h>

static void counter_bytes(int64_t counter, unsigned char bytes[8]) {
    uint64_t c = (uint64_t)counter;
    for (int i = 7; i >= 0; i--, c >>= 8) {
        bytes[i] = (unsigned char)c;
    }
}

void hotp(struct secret key, int64_t counter, char ret_code[OTP_DIGITS]) {
    unsigned char text[8], mac[HMAC_MAX];
    counter_bytes(counter, text);
    size_t n = hmac(HASH_SHA1, key.p, key.n, text, sizeof text, mac);
    /* RFC 4226 5.3: dynamic truncation. */
    const unsigned char *at = mac + (mac[n - 1] & 15);
    uint32_t number =
        (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (int i = OTP_DIGITS - 1; i >= 0; i--, number /= 10) {
        ret_code[i] = (char)('0' + number % 10);
    }
    secret_wipe(mac, sizeof mac);
}

struct otp_window totp_window(int64_t now) {
    int64_t step = now / TOTP_STEP_SECONDS;
    return (struct otp_window){step - 1, step + 1};
}

struct otp_window hotp_window(int64_t used) {
    return (struct otp_window){used + 1, used + HOTP_LOOK_AHEAD};
}

bool otp_find(struct secret key, struct str code, struct otp_window w, int64_t *ret_counter) {
    bool found = false;
    if (code.n != OTP_DIGITS) {
        return false;
    }
    for (int64_t counter = w.first; counter <= w.last; counter++) {
        char expected[OTP_DIGITS];
        hotp(key, counter, expected);
        if (secret_equal_bytes(expected, code.p, OTP_DIGITS)) {
            *ret_counter = counter;
            found = true;
        }
        secret_wipe(expected, sizeof expected);
    }
    return found;
}
