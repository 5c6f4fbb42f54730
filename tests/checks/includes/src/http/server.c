/* SPDX-License-Identifier: Apache-2.0 */
#include <microhttpd.h>
#include "db.h"
