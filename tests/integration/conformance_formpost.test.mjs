// SPDX-License-Identifier: Apache-2.0
// The plans Form Post OP: the modules of Basic, Implicit and Hybrid OP with response_mode=form_post, each once.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';
import { BASIC, HYBRID, IMPLICIT, NONCE_NEEDED, ONCE, WITH_TOKEN } from './lib/conformance_plans.mjs';

const mode = 'form_post';
certify('form post', [
  { type: 'code', mode, modules: BASIC },
  { type: 'id_token token', mode, modules: [...IMPLICIT, ...WITH_TOKEN] },
  { type: 'code id_token', mode, modules: [...HYBRID, ...NONCE_NEEDED, ...ONCE] },
], modules);
