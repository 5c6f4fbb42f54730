/* SPDX-License-Identifier: Apache-2.0 */
#include "../model/model.h"
#include "driver.h"
#include "model.h"
#include <microhttpd.h>
#include <sqlite3.h>
