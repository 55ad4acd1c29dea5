/* The contract of stores over the drivers, and over a connection that breaks it.
 * SCIMLET_CONTRACT_COMPONENT names the component. */

#include "support.h"

/* Cases of each kind that are quick. */
static const char *const quick[] = {
    "get_commit::an_inserted_entry_is_read_back",
    "get_commit::a_refused_commit_leaves_no_trace",
    "unique::types_are_kept_apart",
    "links::pages_of_links_join_up",
    "find::text_operators_take_any_character",
    "times::times_never_go_back",
    "limits::nul_is_kept_or_invalid",
    "isolation::tenants_share_nothing",
};

static char *wasm;
static size_t length;

static void read_component(const char *path) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    length = (size_t)ftell(file);
    rewind(file);
    wasm = malloc(length);
    CHECK(wasm != NULL && fread(wasm, 1, length, file) == length);
    fclose(file);
}

static scimlet *opened(scimlet_database database) {
    scimlet_error error;
    scimlet *contract = scimlet_open_contract(database, wasm, length, &error);
    if (contract == NULL) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    return contract;
}

/* The sentences of a case. */
static json_t *broken(scimlet *contract, const char *name) {
    scimlet_error error;
    json_t *told = scimlet_call(
        contract, "scimlet-contract", "contract.run", &error, "{s:[s]}", "cases", name);
    if (told == NULL) {
        fprintf(stderr, "%s: %s\n", name, error.text);
        exit(1);
    }
    return told;
}

static bool has(const json_t *names, const char *wanted) {
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), wanted) == 0) {
            return true;
        }
    }
    return false;
}

static void a_driver_holds_the_contract(const char *url) {
    scimlet *contract = opened(database_at(url));
    scimlet_error error;
    json_t *cases = scimlet_call(contract, "scimlet-contract", "contract.cases", &error, NULL);
    for (size_t i = 0; i < sizeof quick / sizeof quick[0]; i++) {
        CHECK(has(cases, quick[i]));
        json_t *told = broken(contract, quick[i]);
        for (size_t k = 0; k < json_array_size(told); k++) {
            fprintf(stderr, "%s\n", json_string_value(json_array_get(told, k)));
        }
        CHECK(json_array_size(told) == 0);
        json_decref(told);
    }
    json_decref(cases);
    scimlet_close(contract);
}

static scimlet_database honest;

/* Says that it has committed, and has not. */
static scimlet_outcome forgets(void *context, void *connection, const scimlet_statement *statement,
    scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]) {
    scimlet_statement executed = *statement;
    if (strcmp(executed.text, "COMMIT") == 0) {
        executed.text = "ROLLBACK";
    }
    return honest.execute(context, connection, &executed, rows, sentence);
}

static void a_connection_that_commits_nothing_is_found_out(const char *url) {
    honest = database_at(url);
    scimlet_database forgetful = honest;
    forgetful.execute = forgets;
    scimlet *contract = opened(forgetful);
    json_t *told = broken(contract, quick[0]);
    CHECK(json_array_size(told) == 1);
    const char *begin = "get_commit: an inserted entry is read back";
    const char *sentence = json_string_value(json_array_get(told, 0));
    CHECK(strncmp(sentence, begin, strlen(begin)) == 0);
    json_decref(told);
    scimlet_close(contract);
}

static void what_is_no_component_is_refused(const char *url) {
    scimlet_error error;
    CHECK(scimlet_open_contract(database_at(url), "wasm", 4, &error) == NULL);
    CHECK(error.code == SCIMLET_NOT_STARTED && error.text[0] != '\0');
}

int main(void) {
    const char *path = getenv("SCIMLET_CONTRACT_COMPONENT"), *ci = getenv("CI");
    if (path == NULL) {
        printf("  skipped: SCIMLET_CONTRACT_COMPONENT names no file\n");
        return ci != NULL && strcmp(ci, "true") == 0;
    }
    read_component(path);
    RUN(a_driver_holds_the_contract(empty_sqlite()));
    RUN(a_connection_that_commits_nothing_is_found_out(empty_sqlite()));
    RUN(what_is_no_component_is_refused(empty_sqlite()));
    const char *url = empty_postgres();
    if (url != NULL) {
        RUN(a_driver_holds_the_contract(url));
    }
    free(wasm);
    return 0;
}
