// SPDX-License-Identifier: Apache-2.0
// The module of the plan Config OP.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';

certify('config', [{ type: 'code', modules: ['oidcc-discovery-endpoint-verification'] }], modules);
