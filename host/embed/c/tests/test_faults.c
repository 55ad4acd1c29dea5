/* A driver that fails at every point of a change in turn: the change happens once or not at all,
 * and the application's table agrees. */

#include "support.h"

typedef enum way { BEFORE, AFTER } way;

/* Breaks at one point: before what it is asked for, or after it was done. */
typedef struct faulty {
    scimlet_database inner;
    scimlet_outcome outcome;
    way way;
    int point, asked;
    /* The transactions that were committed and wrote, and the application's calls. */
    int committed, told;
    bool writes;
    /* Whether it broke in a transaction that writes. */
    bool broke_writing;
    void *broken;
    /* Whether the broken connection was used after it broke, or kept. */
    bool was_reused;
} faulty;

static void *acquire(void *context, char sentence[SCIMLET_SENTENCE]) {
    faulty *this = context;
    return this->inner.acquire(this->inner.context, sentence);
}

static void release(void *context, void *connection, bool usable) {
    faulty *this = context;
    this->was_reused |= usable && connection == this->broken;
    this->inner.release(this->inner.context, connection, usable);
}

static bool in_transaction(void *context, void *connection) {
    faulty *this = context;
    return this->inner.in_transaction(this->inner.context, connection);
}

static scimlet_outcome broken(faulty *this, void *connection, char sentence[SCIMLET_SENTENCE]) {
    snprintf(sentence, SCIMLET_SENTENCE, "it broke");
    this->broken = this->outcome == SCIMLET_LOST ? connection : NULL;
    return this->outcome;
}

static scimlet_outcome execute(void *context, void *connection, const scimlet_statement *statement,
    scimlet_rows *rows, char sentence[SCIMLET_SENTENCE]) {
    faulty *this = context;
    bool is_now = ++this->asked == this->point;
    if (strncmp(statement->text, "BEGIN", strlen("BEGIN")) == 0) {
        this->writes =
            strstr(statement->text, "READ ONLY") == NULL && strcmp(statement->text, "BEGIN") != 0;
    }
    this->broke_writing |= is_now && this->writes;
    if (is_now && this->way == BEFORE) {
        return broken(this, connection, sentence);
    }
    scimlet_outcome outcome =
        this->inner.execute(this->inner.context, connection, statement, rows, sentence);
    bool commits = strcmp(statement->text, "COMMIT") == 0;
    this->committed += commits && this->writes && outcome == SCIMLET_DONE;
    return is_now && outcome == SCIMLET_DONE ? broken(this, connection, sentence) : outcome;
}

static void closes(void *context) {
    faulty *this = context;
    this->inner.close(this->inner.context);
}

static scimlet_database over(faulty *this) {
    return (scimlet_database){.dialect = this->inner.dialect,
        .context = this,
        .acquire = acquire,
        .release = release,
        .in_transaction = in_transaction,
        .execute = execute,
        .close = closes};
}

static scimlet_outcome follow(
    void *context, void *connection, const scimlet_change *change, scimlet_reply *reply) {
    faulty *this = context;
    this->told++;
    return keep(&this->inner, connection, change, reply);
}

static void silent(
    void *context, scimlet_level level, const char *tenant, const char *topic, const char *text) {
    (void)context, (void)level, (void)tenant, (void)topic, (void)text;
}

static const char user[] = "{\"schemas\":[\"" USER_SCHEMA "\"],\"userName\":\"ada\"}";
/* Nothing but the commit itself keeps a group from being created twice. */
static const char group[] = "{\"schemas\":[\"" GROUP_SCHEMA "\"],\"displayName\":\"ada\"}";

/* Creates something over a database that fails at a point; its status. */
static int created(faulty *this, const char *path, const char *document) {
    scimlet_options options = {.application = follow, .application_context = this, .log = silent};
    scimlet_error error;
    scimlet *scim = scimlet_open(over(this), &options, &error);
    CHECK(scim != NULL);
    int status = status_of(scim, "POST", path, document);
    scimlet_close(scim);
    return status;
}

typedef const char *(*place)(void);

static const char *made(place empty) {
    const char *url = empty();
    make_own(url);
    scimlet_close(prepared(database_at(url), NULL));
    return url;
}

static void fails_at_every_point(place empty, way way, const char *path, const char *document) {
    int point = 0;
    for (bool has_failed = true; has_failed;) {
        const char *url = made(empty);
        faulty this = {.inner = database_at(url), .way = way, .outcome = SCIMLET_LOST};
        this.point = ++point;
        int status = created(&this, path, document);
        has_failed = this.asked >= point;
        CHECK(!this.was_reused);

        scimlet_database database = database_at(url);
        scimlet *back = prepared(
            database, &(scimlet_options){.application = keep, .application_context = &database});
        int64_t own = executed(url, "SELECT COUNT(*) FROM own");
        CHECK(own == total(back, path));
        CHECK(own == this.committed && own <= 1);
        CHECK(status == 201 || (has_failed && status == 503));
        CHECK(status != 201 || own == 1);
        /* The client repeats it, over a database that is back. */
        int again = own == 1 && document == user ? 409 : 201;
        CHECK(status_of(back, "POST", path, document) == again);
        scimlet_close(back);
    }
    CHECK(point > 5);
}

static void is_in_the_way_at_every_point(place empty) {
    int point = 0, repeated = 0;
    for (bool has_failed = true; has_failed;) {
        const char *url = made(empty);
        faulty this = {.inner = database_at(url), .way = BEFORE, .outcome = SCIMLET_AGAIN};
        this.point = ++point;
        int status = created(&this, "/Groups", group);
        has_failed = this.asked >= point;
        repeated += this.told > 1;
        /* Only what reads outside a transaction is left to the client to repeat. */
        CHECK(status == 201 || (status == 503 && has_failed && !this.broke_writing));
        CHECK(this.committed == (status == 201));
        CHECK(executed(url, "SELECT COUNT(*) FROM own") == this.committed);
    }
    /* The application hears of it anew. */
    CHECK(repeated > 0);
}

static void all(place empty) {
    RUN(fails_at_every_point(empty, BEFORE, "/Groups", group));
    RUN(fails_at_every_point(empty, AFTER, "/Groups", group));
    RUN(is_in_the_way_at_every_point(empty));
}

int main(void) {
    RUN(fails_at_every_point(empty_sqlite, BEFORE, "/Users", user));
    RUN(fails_at_every_point(empty_sqlite, AFTER, "/Users", user));
    all(empty_sqlite);
    if (empty_postgres() != NULL) {
        all(empty_postgres);
    }
    return 0;
}
