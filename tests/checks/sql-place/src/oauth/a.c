/* SPDX-License-Identifier: Apache-2.0 */
const char *sql(void)
{
    const char *words = "SELECT a city";
    return words != 0 ? words : "SELECT name "
                                "FROM tenant WHERE tenant_id = $1";
}
