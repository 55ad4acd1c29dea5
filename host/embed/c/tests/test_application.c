/* The application's function: what it is told, how it refuses, and what becomes of its mistakes;
 * and changes of the application's own, in its transactions. */

#include "support.h"

typedef const char *(*place)(void);

/* What the application does next, and what it was told. */
typedef struct application {
    scimlet_database *database;
    scimlet_outcome outcome;
    const char *statement;
    int told;
    char steps[256];
    char logged[SCIMLET_SENTENCE];
} application;

static scimlet_outcome follow(
    void *context, void *connection, const scimlet_change *change, scimlet_reply *reply) {
    application *this = context;
    this->told++;
    size_t length = strlen(this->steps);
    snprintf(this->steps + length, sizeof this->steps - length, "%s ", change->step);
    if (strcmp(change->step, "created") != 0) {
        return SCIMLET_DONE;
    }
    scimlet_outcome outcome = keep(this->database, connection, change, reply);
    CHECK(outcome == SCIMLET_DONE);
    if (this->statement != NULL) {
        scimlet_statement statement = {.text = this->statement};
        outcome = this->database->execute(
            this->database->context, connection, &statement, NULL, reply->sentence);
        if (this->outcome == SCIMLET_FAILED) {
            return outcome;
        }
    }
    if (this->outcome != SCIMLET_DONE) {
        snprintf(reply->sentence, sizeof reply->sentence, "not in this tariff");
    }
    return this->outcome;
}

static void logged(
    void *context, scimlet_level level, const char *tenant, const char *topic, const char *text) {
    application *this = context;
    (void)topic;
    if (level >= SCIMLET_WARNING && strcmp(tenant, "acme") == 0) {
        snprintf(this->logged, sizeof this->logged, "%s", text);
    }
}

static scimlet *opened(const char *url, application *this) {
    static scimlet_database database;
    make_own(url);
    database = database_at(url);
    this->database = &database;
    return prepared(database, &(scimlet_options){.application = follow,
                                  .application_context = this,
                                  .log = logged,
                                  .log_context = this});
}

static const char okta[] = "{\"extends\":\"okta\"}";
static const char ada[] = "{\"schemas\":[\"" USER_SCHEMA "\"],\"userName\":\"ada\"}";
static const char inactive[] =
    "{\"schemas\":[\"" PATCH_SCHEMA
    "\"],\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":false}}]}";

static void hears_of_each_change(place empty) {
    application this = {0};
    scimlet *scim = opened(empty(), &this);
    answer made = ask(scim, "POST", "/Users", ada);
    CHECK(made.status == 201);
    char path[128];
    const char *id = json_string_value(json_object_get(made.body, "id"));
    snprintf(path, sizeof path, "/Users/%s", id);
    CHECK(status_of(scim, "PATCH", path, inactive) == 200);
    scimlet_error error;
    /* What it returned is the product's id from then on. */
    json_t *found = scimlet_call(scim, "acme", "directory.find-by-product-id", &error, "{s:s, s:s}",
        "resource-type", "User", "product-id", "1");
    CHECK(found != NULL && strcmp(json_string_value(found), id) == 0);
    json_decref(found);
    /* It knows what it does itself, but for an erasure. */
    CHECK(scimlet_do(scim, "acme", "admin.reactivate-user", &error, "{s:s}", "id", id));
    CHECK(scimlet_do(scim, "acme", "admin.erase-user", &error, "{s:s}", "id", id));
    CHECK(strcmp(this.steps, "created deactivated erased ") == 0);
    json_decref(made.body);
    scimlet_close(scim);
}

static void refuses(place empty, scimlet_outcome outcome, int status, bool is_told) {
    application this = {.outcome = outcome};
    const char *url = empty();
    scimlet *scim = opened(url, &this);
    answer refused = ask(scim, "POST", "/Users", ada);
    CHECK(refused.status == status);
    const char *detail = json_string_value(json_object_get(refused.body, "detail"));
    CHECK((strstr(detail, "not in this tariff") != NULL) == is_told);
    CHECK((strstr(this.logged, "not in this tariff") != NULL) == !is_told);
    CHECK(executed(url, "SELECT COUNT(*) FROM own") == 0);
    CHECK(total(scim, "/Users") == 0);
    json_decref(refused.body);
    /* The connection and the instance are as good as before. */
    this.outcome = SCIMLET_DONE;
    CHECK(status_of(scim, "POST", "/Users", ada) == 201);
    scimlet_close(scim);
}

/* A statement of the application's that it must not make, or that fails unnoticed. */
static void makes_a_mistake(place empty, const char *statement) {
    application this = {.statement = statement};
    scimlet *scim = opened(empty(), &this);
    CHECK(status_of(scim, "POST", "/Users", ada) == 503);
    CHECK(this.logged[0] != '\0');
    CHECK(total(scim, "/Users") == 0);
    this.statement = NULL;
    CHECK(status_of(scim, "POST", "/Users", ada) == 201);
    scimlet_close(scim);
}

static void is_in_the_way_again_and_again(place empty) {
    application this = {.outcome = SCIMLET_AGAIN};
    const char *url = empty();
    scimlet *scim = opened(url, &this);
    CHECK(status_of(scim, "POST", "/Users", ada) == 503);
    CHECK(this.told > 1);
    CHECK(executed(url, "SELECT COUNT(*) FROM own") == 0);
    scimlet_close(scim);
}

static bool created(scimlet *scim, const char *user, scimlet_error *error) {
    return scimlet_do(scim, "acme", "directory.create-user", error, "{s:s}", "user", user);
}

/* One user of the application's and one of SCIM's in the application's transaction. */
static void joined(scimlet *scim, scimlet_database *database, const char *name, const char *end) {
    char sentence[SCIMLET_SENTENCE], sql[128], user[64];
    scimlet_error error;
    void *connection = database->acquire(database->context, sentence);
    scimlet *on = scimlet_on(scim, connection);
    executed_on(database, connection, "BEGIN");
    snprintf(sql, sizeof sql, "INSERT INTO own(name) VALUES ('%s')", name);
    executed_on(database, connection, sql);
    snprintf(user, sizeof user, "{\"userName\":\"%s\"}", name);
    CHECK(created(on, user, &error));
    /* What is refused leaves the application's part, and so does what cannot be read. */
    CHECK(!created(on, "{\"userName\":5}", &error) && error.code == SCIMLET_INVALID);
    CHECK(!created(on, user, &error) && error.code == SCIMLET_REFUSED);
    json_t *users =
        scimlet_call(on, "acme", "admin.users", &error, "{s:s, s:i}", "cursor", "", "count", 9);
    CHECK(users != NULL);
    json_decref(users);
    executed_on(database, connection, end);
    scimlet_close(on);
    database->release(database->context, connection, true);
}

static void joins_a_transaction(place empty) {
    application this = {0};
    const char *url = empty();
    scimlet *scim = opened(url, &this);
    joined(scim, this.database, "ada", "COMMIT");
    CHECK(total(scim, "/Users") == 1 && executed(url, "SELECT COUNT(*) FROM own") == 1);
    joined(scim, this.database, "bo", "ROLLBACK");
    CHECK(total(scim, "/Users") == 1 && executed(url, "SELECT COUNT(*) FROM own") == 1);
    /* Without a transaction it is committed at once. */
    char sentence[SCIMLET_SENTENCE];
    scimlet_error error;
    void *connection = this.database->acquire(this.database->context, sentence);
    scimlet *on = scimlet_on(scim, connection);
    CHECK(created(on, "{\"userName\":\"cy\"}", &error));
    CHECK(total(scim, "/Users") == 2);
    scimlet_close(on);
    this.database->release(this.database->context, connection, true);
    CHECK(this.told == 0);
    scimlet_close(scim);
}

static void says_what_is_wrong(place empty) {
    application this = {0};
    scimlet_error error;
    scimlet *scim = opened(empty(), &this);
    CHECK(!scimlet_create_tenant(scim, "acme", &error) && error.code == SCIMLET_OK);
    CHECK(!scimlet_create_tenant(scim, "No Name", &error) && error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(scim, "acme", "admin.nothing", &error, NULL));
    CHECK(error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(scim, "acme", "admin.user", &error, NULL) && error.code == SCIMLET_INVALID);
    CHECK(strstr(error.text, "id") != NULL);
    CHECK(!scimlet_do(scim, "acme", "admin.user", &error, "{s:i}", "id", 5));
    CHECK(error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(scim, "acme", "admin.user", &error, "{s:s, s:s}", "id", "x", "x", "x"));
    CHECK(error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(scim, "acme", "admin.user", &error, "{s:s}", "id", "\xff"));
    CHECK(error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(scim, "acme", "admin.user", &error, "{s:s}", "id", "nobody"));
    CHECK(error.code == SCIMLET_NOT_FOUND);
    CHECK(!scimlet_do(scim, "nobody", "admin.profile", &error, NULL));
    CHECK(error.code != SCIMLET_OK && error.code != SCIMLET_FAULT);
    CHECK(!scimlet_configure(scim, "acme", "{\"extends\":\"nothing\"}", &error));
    CHECK(error.code == SCIMLET_INVALID);
    CHECK(!scimlet_do(
        scim, "acme", "admin.configure", &error, "{s:s, s:i}", "profile", okta, "expected", 99));
    CHECK(error.code == SCIMLET_STALE);
    scimlet_close(scim);
}

/* Each kind of argument and of value that the interfaces have. */
static void carries_every_type(place empty) {
    application this = {0};
    scimlet_error error;
    scimlet *scim = opened(empty(), &this);
    json_t *profile = scimlet_call(scim, "acme", "admin.profile", &error, NULL);
    CHECK(json_array_size(profile) == 2 && json_integer_value(json_array_get(profile, 1)) > 0);
    json_decref(profile);
    json_t *version = scimlet_call(
        scim, "acme", "admin.set", &error, "{s:[[ss]]}", "settings", "users.seats", "5");
    CHECK(json_is_integer(version));
    json_decref(version);
    json_t *outcomes = scimlet_call(scim, "acme", "admin.import-users", &error, "{s:[s, s]}",
        "users", "{\"userName\":\"\\u00e4da\"}", "{}");
    CHECK(json_array_size(outcomes) == 2);
    CHECK(json_object_get(json_array_get(outcomes, 0), "made") != NULL);
    CHECK(json_object_get(json_array_get(outcomes, 1), "skipped") != NULL);
    json_decref(outcomes);
    json_t *issued = scimlet_call(scim, "acme", "admin.issue-credential", &error,
        "{s:{s:s, s:s, s:s, s:i, s:[s]}}", "request", "tenant", "acme", "label", "Okta", "scheme",
        "bearer", "lifetime-seconds", 60, "scopes", "users");
    const json_t *credential = json_object_get(issued, "credential");
    CHECK(json_is_integer(json_object_get(credential, "expires")));
    CHECK(json_is_null(json_object_get(credential, "revoked")));
    CHECK(json_is_null(json_object_get(issued, "username")));
    json_decref(issued);
    json_t *events =
        scimlet_call(scim, "acme", "tables.events", &error, "{s:i, s:i}", "after", 0, "limit", 100);
    CHECK(json_array_size(events) >= 3);
    CHECK(json_is_string(json_object_get(json_array_get(events, 0), "channel")));
    json_decref(events);
    json_t *tenants = scimlet_call(scim, "", "tables.tenants", &error, NULL);
    CHECK(json_array_size(tenants) == 1);
    json_decref(tenants);
    json_t *secret = scimlet_call(scim, "acme", "admin.add-identity-provider", &error,
        "{s:s, s:s, s:b}", "tenant", "acme", "name", "Okta", "auto-provisioning", 0);
    CHECK(json_is_null(secret));
    json_decref(secret);
    scimlet_close(scim);
}

static void all(place empty) {
    RUN(hears_of_each_change(empty));
    RUN(refuses(empty, SCIMLET_INVALID_CHANGE, 400, true));
    RUN(refuses(empty, SCIMLET_FORBIDDEN_CHANGE, 403, true));
    RUN(refuses(empty, SCIMLET_FAILED, 503, false));
    RUN(makes_a_mistake(empty, "COMMIT"));
    RUN(is_in_the_way_again_and_again(empty));
    RUN(joins_a_transaction(empty));
    RUN(says_what_is_wrong(empty));
    RUN(carries_every_type(empty));
}

int main(void) {
    all(empty_sqlite);
    if (empty_postgres() != NULL) {
        all(empty_postgres);
        /* What fails in PostgreSQL leaves the transaction aborted. */
        RUN(makes_a_mistake(empty_postgres, "SELECT nothing FROM nowhere"));
    }
    return 0;
}
