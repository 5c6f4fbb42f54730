/* SPDX-License-Identifier: Apache-2.0 */
int  a( void ) { return 1 ; }
