// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Hybrid OP: its three response types.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';
import { HYBRID, NONCE_FREE, NONCE_NEEDED, ONCE } from './lib/conformance_plans.mjs';

certify('hybrid', [
  { type: 'code id_token', modules: [...HYBRID, ...NONCE_NEEDED, ...ONCE] },
  { type: 'code token', modules: [...HYBRID, ...NONCE_FREE] },
  { type: 'code id_token token', modules: [...HYBRID, ...NONCE_NEEDED] },
], modules);
