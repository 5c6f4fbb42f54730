/* SPDX-License-Identifier: Apache-2.0 */
#define COLUMNS "tenant_id, employee_id"
#define JOINED " JOIN employee f ON f.employee_id = 1"
static const char *const sql[] = {
    "SELECT " COLUMNS " FROM employee WHERE tenant_id = $1 AND employee_id = $2",
    "SELECT " COLUMNS " FROM employee "
    "WHERE employee_id = $1",
    "SELECT tenant_id FROM user_name_index WHERE user_name = $1",
    "INSERT INTO employee (tenant_id, employee_id) VALUES ($1, $2)",
    "UPDATE employee SET employee_id = $1 WHERE employee_id = $2",
    /* all tenants: the purge removes everyone's. */
    "DELETE FROM employee WHERE employee_id < $1",
    0,
    0,
    0,
    "SELECT tenant_id FROM employee",
    "SELECT e.tenant_id FROM user_name_index i JOIN employee e ON e.tenant_id = i.tenant_id "
    "AND e.employee_id = i.user_name WHERE i.user_name = $1",
    "SELECT e.tenant_id FROM user_name_index i JOIN employee e ON e.employee_id = i.user_name "
    "WHERE i.tenant_id = $1",
    "SELECT tenant_id FROM user_name_index" JOINED,
};
