/* SPDX-License-Identifier: Apache-2.0 */
/* code_once_second_use */
