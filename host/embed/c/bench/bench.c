/* Processor time of a request over SQLite, of a fresh instance, and the time from a process's start
 * to its first answer: `bench [ROUNDS]`. Each figure is the median of the rounds, with the least
 * and the greatest. */

#include "scimlet-sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEMBERS 1000
#define MOST_ROUNDS 100
#define USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"

static sqlite3 *connect_database(void *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    return db;
}

static double milliseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void give_up(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(1);
}

/* The body of a good answer. */
static json_t *ask(scimlet *scim, const char *method, const char *path, const char *body) {
    scimlet_error error;
    json_t *response = scimlet_call(scim, "acme", "provider.handle", &error,
        "{s:{s:s, s:s, s:{s:{s:s}}}, s:{s:s, s:s, s:s, s:[[ss]], s:s}}", "origin", "tenant", "acme",
        "base-url", "https://scim.example.com", "caller", "client", "name", "okta", "request",
        "method", method, "path", path, "query", "", "headers", "content-type",
        "application/scim+json", "body", body);
    if (response == NULL) {
        give_up(error.text);
    }
    const char *text = json_string_value(json_object_get(response, "body"));
    if (json_integer_value(json_object_get(response, "status")) >= 300) {
        give_up(text);
    }
    json_t *found = json_loads(text, 0, NULL);
    json_decref(response);
    return found;
}

static char *id_of(json_t *resource) {
    char *id = strdup(json_string_value(json_object_get(resource, "id")));
    json_decref(resource);
    return id;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void show(const char *name, double *figures, int count) {
    qsort(figures, (size_t)count, sizeof *figures, ascending);
    printf("%-30s %8.2f ms  (%.2f to %.2f)\n", name, figures[count / 2], figures[0],
        figures[count - 1]);
    fflush(stdout);
}

typedef struct place {
    scimlet *scim;
    char user_path[128], group_path[128];
    char *groups[2];
    int made;
} place;

static void get_user(place *place, int number) {
    (void)number;
    json_decref(ask(place->scim, "GET", place->user_path, ""));
}

static void create_user(place *place, int number) {
    char body[160];
    (void)number;
    snprintf(
        body, sizeof body, "{\"schemas\":[\"" USER "\"],\"userName\":\"new%d\"}", place->made++);
    json_decref(ask(place->scim, "POST", "/Users", body));
}

static void get_group(place *place, int number) {
    (void)number;
    json_decref(ask(place->scim, "GET", place->group_path, ""));
}

static void put_group(place *place, int number) {
    json_decref(ask(place->scim, "PUT", place->group_path, place->groups[number % 2]));
}

/* A tenant whom no kept instance has served. Finding a tenant needs no database. */
static void fresh_instance(place *place, int number) {
    char tenant[32];
    scimlet_error error;
    (void)number;
    snprintf(tenant, sizeof tenant, "fresh%d", place->made++);
    if (!scimlet_do(place->scim, tenant, "provider.prepare", &error, NULL)) {
        give_up(error.text);
    }
}

static void measure(
    const char *name, place *place, int rounds, int times, void (*run)(struct place *, int)) {
    double figures[MOST_ROUNDS];
    run(place, 0);
    for (int round = 0; round < rounds; round++) {
        double began = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < times; i++) {
            run(place, i + 1);
        }
        figures[round] = (milliseconds(CLOCK_PROCESS_CPUTIME_ID) - began) / times;
    }
    show(name, figures, rounds);
}

/* A group with all members but the first `left_out`. */
static char *group_of(char **ids, int left_out) {
    json_t *members = json_array();
    for (int i = left_out; i < MEMBERS; i++) {
        json_array_append_new(members, json_pack("{s:s}", "value", ids[i]));
    }
    json_t *group =
        json_pack("{s:[s], s:s, s:o}", "schemas", GROUP, "displayName", "all", "members", members);
    char *text = json_dumps(group, JSON_COMPACT);
    json_decref(group);
    return text;
}

static void fill(place *place) {
    char *ids[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        char body[160];
        snprintf(body, sizeof body, "{\"schemas\":[\"" USER "\"],\"userName\":\"user%d\"}", i);
        ids[i] = id_of(ask(place->scim, "POST", "/Users", body));
    }
    place->groups[0] = group_of(ids, 0);
    place->groups[1] = group_of(ids, 1);
    char *group = id_of(ask(place->scim, "POST", "/Groups", place->groups[0]));
    snprintf(place->user_path, sizeof place->user_path, "/Users/%s", ids[0]);
    snprintf(place->group_path, sizeof place->group_path, "/Groups/%s", group);
    free(group);
    for (int i = 0; i < MEMBERS; i++) {
        free(ids[i]);
    }
}

static scimlet *opened(char *path) {
    scimlet_error error;
    scimlet *scim = scimlet_open(scimlet_sqlite(connect_database, path), NULL, &error);
    if (scim == NULL) {
        give_up(error.text);
    }
    return scim;
}

/* Starts this program as a process that asks once and ends. */
static void start(const char *program, const char *path, const char *user_path, int rounds) {
    double figures[MOST_ROUNDS];
    for (int round = 0; round < rounds; round++) {
        double began = milliseconds(CLOCK_MONOTONIC);
        pid_t child = fork();
        if (child == 0) {
            execl(program, program, "--once", path, user_path, (char *)NULL);
            _exit(1);
        }
        int status;
        if (waitpid(child, &status, 0) != child || status != 0) {
            give_up("a process failed");
        }
        figures[round] = milliseconds(CLOCK_MONOTONIC) - began;
    }
    show("start to first answer", figures, rounds);
}

int main(int count, char **arguments) {
    if (count == 4 && strcmp(arguments[1], "--once") == 0) {
        scimlet *scim = opened(arguments[2]);
        json_decref(ask(scim, "GET", arguments[3], ""));
        _exit(0);
    }
    int rounds = count > 1 ? atoi(arguments[1]) : 7;
    rounds = rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
    char folder[] = "/tmp/scimlet-bench-XXXXXX", path[64], command[64];
    if (mkdtemp(folder) == NULL) {
        give_up("there is no temporary folder");
    }
    snprintf(path, sizeof path, "%s/bench.db", folder);
    scimlet_error error;
    place place = {.scim = opened(path)};
    if (!scimlet_migrate(place.scim, &error) ||
        !scimlet_create_tenant(place.scim, "acme", &error) ||
        !scimlet_configure(place.scim, "acme", "{\"extends\":\"okta\"}", &error)) {
        give_up(error.text);
    }
    fill(&place);
    measure("GET by id", &place, rounds, 500, get_user);
    measure("create", &place, rounds, 100, create_user);
    measure("a group of 1,000: GET", &place, rounds, 10, get_group);
    measure("a group of 1,000: PUT", &place, rounds, 10, put_group);
    measure("a fresh instance", &place, rounds, 20, fresh_instance);
    scimlet_close(place.scim);
    start(arguments[0], path, place.user_path, rounds);
    free(place.groups[0]);
    free(place.groups[1]);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
