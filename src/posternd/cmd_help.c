/* SPDX-License-Identifier: Apache-2.0 */
/* help [declaration|COMMAND]. */
#include "posternd.h"

#include <stdlib.h>

static const char declaration_help[] =
    "A declaration is a JSON file that describes what shall exist:\n"
    "\n"
    "  environments   an issuer each, with areas, clusters and host names\n"
    "  tenants        with business units, roles, employees and access keys\n"
    "  applications   OAuth clients: type, tenancy, method, scopes, origins\n"
    "\n"
    "posternd plan FILE says what apply would change; posternd apply FILE does it in one\n"
    "transaction. Applying the same file again changes nothing. What the file does not name stays\n"
    "as it is. A mistake is reported with its line and member, and nothing is changed.\n"
    "\n"
    "A secret is given as text, as {\"env\": \"NAME\"} to be read from a variable, or left out:\n"
    "then it is generated and printed once.\n"
    "\n"
    "Example: examples/demo.json. All members: docs/declaration.schema.json.\n";

int cmd_help(struct invocation *in) {
    if (in->arguments_n == 0) {
        help_print(stdout, NULL);
        return EXIT_SUCCESS;
    }
    if (str_is(str_from(in->arguments[0]), "declaration")) {
        (void)fputs(declaration_help, stdout);
        return EXIT_SUCCESS;
    }
    const struct command *command = command_find(str_from(in->arguments[0]));
    if (command != NULL) {
        help_print(stdout, command);
        return EXIT_SUCCESS;
    }
    (void)fprintf(stderr,
                  "posternd: no help on '%s'. Try: posternd help, posternd help declaration\n",
                  in->arguments[0]);
    return POSTERND_EXIT_USAGE;
}
