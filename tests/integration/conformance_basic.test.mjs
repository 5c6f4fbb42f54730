// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Basic OP: response type code.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';
import { BASIC } from './lib/conformance_plans.mjs';

certify('basic', [{ type: 'code', modules: BASIC }], modules);
