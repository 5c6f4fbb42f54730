-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE employee (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL, -- its id
    PRIMARY KEY (tenant_id, employee_id)
);

CREATE TABLE user_name_index (
    user_name TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL
);
