/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"
#include "driver.h"
#include <libpq-fe.h>
