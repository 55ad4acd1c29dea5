/* Instances, their pool, threads, limits, forks, and the compiled code on disk. */

#include "support.h"

#include "cache.h"
#include "handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16
#define TIMES 8

typedef struct work {
    scimlet *scim;
    int number, good;
} work;

static void *works(void *given) {
    work *work = given;
    for (int i = 0; i < TIMES; i++) {
        char name[32], user[160], path[128];
        snprintf(name, sizeof name, "user%d-%d", work->number, i);
        snprintf(
            user, sizeof user, "{\"schemas\":[\"" USER_SCHEMA "\"],\"userName\":\"%s\"}", name);
        answer made = ask(work->scim, "POST", "/Users", user);
        snprintf(
            path, sizeof path, "/Users/%s", json_string_value(json_object_get(made.body, "id")));
        answer read = ask(work->scim, "GET", path, NULL);
        const char *found = json_string_value(json_object_get(read.body, "userName"));
        work->good += made.status == 201 && read.status == 200 && strcmp(found, name) == 0;
        json_decref(made.body);
        json_decref(read.body);
    }
    return NULL;
}

static void sixteen_threads_get_their_own_answers(const char *url) {
    static scimlet_database database;
    make_own(url);
    database = database_at(url);
    scimlet *scim = prepared(
        database, &(scimlet_options){.application = keep, .application_context = &database});
    pthread_t threads[THREADS];
    work all[THREADS];
    for (int i = 0; i < THREADS; i++) {
        all[i] = (work){.scim = scim, .number = i};
        CHECK(pthread_create(&threads[i], NULL, works, &all[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(all[i].good == TIMES);
    }
    CHECK(total(scim, "/Users") == THREADS * TIMES);
    CHECK(executed(url, "SELECT COUNT(*) FROM own") == THREADS * TIMES);
    scimlet_close(scim);
}

static int explains(scimlet *scim, const char *tenant, const char *profile) {
    scimlet_error error;
    bool good = scimlet_do(scim, tenant, "admin.explain", &error, "{s:s}", "profile", profile);
    return good ? SCIMLET_OK : (int)error.code;
}

/* A profile that takes its time. */
static char *long_profile(void) {
    json_t *presets = json_array();
    for (int i = 0; i < 500000; i++) {
        json_array_append_new(presets, json_string("okta"));
    }
    json_t *profile = json_pack("{s:o}", "extends", presets);
    char *text = json_dumps(profile, 0);
    json_decref(profile);
    return text;
}

static const char okta[] = "{\"extends\":\"okta\"}";

static void an_instance_serves_one_tenant_and_the_oldest_goes(void) {
    scimlet *scim = prepared(database_at(empty_sqlite()), &(scimlet_options){.idle_instances = 2});
    explains(scim, "a", okta);
    const instance *first = scim->pool->idle[scim->pool->count - 1];
    explains(scim, "b", okta);
    CHECK(scim->pool->count == 2);
    explains(scim, "a", okta);
    CHECK(scim->pool->idle[1] == first);
    explains(scim, "c", okta);
    CHECK(scim->pool->count == 2 && scim->pool->idle[0] == first);
    scimlet_close(scim);
}

static void memory_is_bounded(void) {
    scimlet *scim = prepared(database_at(empty_sqlite()), NULL);
    call_limits was = call_limits_of_all;
    char *large = malloc((8 << 20) + 1);
    memset(large, ' ', 8 << 20);
    large[8 << 20] = '\0';
    call_limits_of_all.memory_bytes = 4 << 20;
    size_t kept = scim->pool->count;
    CHECK(explains(scim, "small", large) == SCIMLET_FAULT);
    call_limits_of_all = was;
    CHECK(scim->pool->count == kept);
    CHECK(explains(scim, "small", okta) == SCIMLET_OK);
    free(large);
    scimlet_close(scim);
}

static _Atomic bool ended;

static void *hurries(void *engine) {
    while (!ended) {
        wasmtime_engine_increment_epoch(engine);
    }
    return NULL;
}

static void time_is_bounded(void) {
    scimlet *scim = prepared(database_at(empty_sqlite()), NULL);
    call_limits was = call_limits_of_all;
    char *profile = long_profile();
    pthread_t clock;
    call_limits_of_all.seconds = 0;
    ended = false;
    pthread_create(&clock, NULL, hurries, scim->pool->code->engine);
    CHECK(explains(scim, "slow", profile) == SCIMLET_FAULT);
    ended = true;
    pthread_join(clock, NULL);
    call_limits_of_all = was;
    CHECK(explains(scim, "slow", okta) == SCIMLET_OK);
    free(profile);
    scimlet_close(scim);
}

/* A database that takes its time. */
static scimlet_database inner;
static wasm_engine_t *engine;

static scimlet_outcome slowly(void *context, void *connection, const scimlet_statement *statement,
    scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]) {
    for (int i = 0; engine != NULL && i < 100; i++) {
        wasmtime_engine_increment_epoch(engine);
    }
    return inner.execute(context, connection, statement, rows, sentence);
}

static void waiting_for_the_database_does_not_count(void) {
    inner = database_at(empty_sqlite());
    scimlet_database slow = inner;
    slow.execute = slowly;
    scimlet *scim = prepared(slow, NULL);
    engine = scim->pool->code->engine;
    CHECK(total(scim, "/Users") == 0);
    engine = NULL;
    scimlet_close(scim);
}

static void an_instance_of_a_large_call_is_not_kept(void) {
    scimlet *scim = prepared(database_at(empty_sqlite()), NULL);
    size_t kept = scim->pool->count, length = 3 << 20;
    CHECK(explains(scim, "large", okta) == SCIMLET_OK && scim->pool->count == kept + 1);
    char *large = malloc(length + sizeof okta);
    memset(large, ' ', length);
    strcpy(large + length, okta);
    CHECK(explains(scim, "large", large) == SCIMLET_OK && scim->pool->count == kept);
    free(large);
    scimlet_close(scim);
}

/* Whether this holds in a process that was forked. */
static bool in_a_child(bool (*holds)(scimlet *), scimlet *scim) {
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(holds(scim) ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool uses_its_own_connection(scimlet *scim) {
    scimlet_error error;
    return scimlet_create_tenant(scim, "child", &error);
}

static bool ends_what_is_too_long(scimlet *scim) {
    char *profile = long_profile();
    call_limits_of_all.seconds = 0;
    bool ends = true;
    /* The clock of this process may tick behind the end of one; it ticks before the hundredth. */
    for (int i = 0; ends && i < 100; i++) {
        int code = explains(scim, "slow", profile);
        ends = code != SCIMLET_FAULT;
    }
    free(profile);
    return !ends;
}

static void a_process_may_fork(void) {
    scimlet *scim = prepared(database_at(empty_sqlite()), NULL);
    CHECK(in_a_child(uses_its_own_connection, scim));
    scimlet_error error;
    CHECK(!scimlet_create_tenant(scim, "child", &error) && error.code == SCIMLET_OK);
    CHECK(in_a_child(ends_what_is_too_long, scim));
    scimlet_close(scim);
}

static void compiled_code_is_kept_where_nobody_else_writes(void) {
    char folder[] = "/tmp/scimlet-cache-XXXXXX", cache[64], command[96];
    const unsigned char wasm[] = "wasm";
    CHECK(mkdtemp(folder) != NULL);
    snprintf(cache, sizeof cache, "%s/a/b", folder);
    setenv("SCIMLET_CACHE", cache, 1);
    char *file = cache_file(wasm, sizeof wasm);
    struct stat status;
    CHECK(file != NULL && stat(cache, &status) == 0 && (status.st_mode & 0777) == 0700);
    CHECK(!is_private(file));
    cache_keep(file, "compiled", 8);
    CHECK(is_private(file) && stat(file, &status) == 0 && status.st_size == 8);
    CHECK((status.st_mode & 077) == 0);
    /* What others can write is not executed. */
    CHECK(chmod(file, 0666) == 0 && !is_private(file));
    free(file);
    CHECK(chmod(cache, 0777) == 0 && cache_file(wasm, sizeof wasm) == NULL);
    /* Without a folder it compiles at each start. */
    setenv("SCIMLET_CACHE", "/dev/null/cache", 1);
    CHECK(cache_file(wasm, sizeof wasm) == NULL);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

/* What is there but was compiled by another wasmtime, or is damaged, is written anew. */
static void damaged_code_is_compiled_anew(void) {
    char folder[] = "/tmp/scimlet-cache-XXXXXX", command[96];
    CHECK(mkdtemp(folder) != NULL);
    setenv("SCIMLET_CACHE", folder, 1);
    scimlet_close(prepared(database_at(empty_sqlite()), NULL));
    snprintf(command, sizeof command, "test $(ls %s | wc -l) = 1", folder);
    CHECK(system(command) == 0);
    snprintf(command, sizeof command, "for file in %s/*; do echo nothing >$file; done", folder);
    CHECK(system(command) == 0);
    scimlet_close(prepared(database_at(empty_sqlite()), NULL));
    snprintf(command, sizeof command, "test $(du -k %s/*.component | cut -f1) -gt 1000", folder);
    CHECK(system(command) == 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

int main(void) {
    RUN(sixteen_threads_get_their_own_answers(empty_sqlite()));
    if (empty_postgres() != NULL) {
        RUN(sixteen_threads_get_their_own_answers(empty_postgres()));
    }
    RUN(an_instance_serves_one_tenant_and_the_oldest_goes());
    RUN(an_instance_of_a_large_call_is_not_kept());
    RUN(memory_is_bounded());
    RUN(time_is_bounded());
    RUN(waiting_for_the_database_does_not_count());
    RUN(a_process_may_fork());
    RUN(compiled_code_is_kept_where_nobody_else_writes());
    RUN(damaged_code_is_compiled_anew());
    return 0;
}
