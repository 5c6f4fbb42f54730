// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Implicit OP: both response types, and once what needs an access token or no type.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';
import { IMPLICIT, WITH_TOKEN } from './lib/conformance_plans.mjs';

certify('implicit', [
  { type: 'id_token', modules: IMPLICIT },
  { type: 'id_token token', modules: [...IMPLICIT, ...WITH_TOKEN] },
], modules);
