// The description of the API as OpenAPI 3.1 has it, made from openapi.def. Texts of the table hold
// nothing that JSON writes otherwise; a test reads the whole.
#include "core/mem.h"
#include "core/version.h"
#include "server/api/config_schema.h"
#include "server/api/handlers.h"
#include <string.h>

enum form { HEADED, JUDGED, BARE, PLAIN, FAILED, TEXT, MOVED };
enum script { NONE, CALLBACK, METHOD };
enum flag { NULLABLE = 1, OPTIONAL = 2 };

struct endpoint {
    const char *path;
    const char *method;
    enum form form;
    enum script script;
    const char *object;
    const char *help;
};

struct param {
    const char *path;
    const char *method;
    const char *name;
    const char *place;
    const char *type;
    const char *help;
};

struct field {
    const char *object;
    const char *name;
    const char *type;
    unsigned flags;
    const char *help;
};

#define ENDPOINT(path, method, form, script, object, help) \
    {path, #method, form, script, object, help},
#define PARAM(path, method, name, place, type, help)
#define FIELD(object, name, type, flags, help)
static const struct endpoint endpoints[] = {
#include "server/api/openapi.def"
};
#undef ENDPOINT
#undef PARAM
#define ENDPOINT(path, method, form, script, object, help)
#define PARAM(path, method, name, place, type, help) {path, #method, name, place, type, help},
static const struct param params[] = {
#include "server/api/openapi.def"
};
#undef PARAM
#undef FIELD
#define PARAM(path, method, name, place, type, help)
#define FIELD(object, name, type, flags, help) {object, name, type, flags, help},
static const struct field fields[] = {
#include "server/api/openapi.def"
};

// --- writing ------------------------------------------------------------------------------------

struct writing {
    struct srs_api_call *call;
    srs_err err; // the first one
};

static void add(struct writing *writing, const char *text)
{
    if (!writing->err)
        writing->err = srs_api_add(writing->call, text);
}

static void add_quoted(struct writing *writing, const char *before, const char *text,
                       const char *after)
{
    add(writing, before);
    add(writing, "\"");
    add(writing, text);
    add(writing, "\"");
    add(writing, after);
}

// "integer", "#stream", "[#stream]", "[string]"; the form of a list that ends with ] is told to the
// reader by its items.
static void add_type(struct writing *writing, const char *type, bool nullable)
{
    char item[64];
    size_t size = strlen(type);
    if (type[0] == '[' && size < sizeof item) {
        memcpy(item, type + 1, size - 2);
        item[size - 2] = '\0';
        add(writing, "\"type\":\"array\",\"items\":{");
        add_type(writing, item, false);
        add(writing, "}");
    } else if (type[0] == '#') {
        const char *before = nullable ? "\"anyOf\":[{\"$ref\":" : "\"$ref\":";
        add(writing, before);
        add(writing, "\"#/components/schemas/");
        add(writing, type + 1);
        add(writing, nullable ? "\"},{\"type\":\"null\"}]" : "\"");
    } else if (nullable) {
        add_quoted(writing, "\"type\":[", type, ",\"null\"]");
    } else {
        add_quoted(writing, "\"type\":", type, "");
    }
}

static void add_property(struct writing *writing, const char *name, const char *type,
                         unsigned flags, const char *help)
{
    add_quoted(writing, "", name, ":{");
    add_type(writing, type, (flags & NULLABLE) != 0);
    add_quoted(writing, ",\"description\":", help, "}");
}

// --- objects ------------------------------------------------------------------------------------

static void add_members(struct writing *writing, const char *object, const char *comma)
{
    for (size_t i = 0; i < SRS_COUNT(fields); i++) {
        if (strcmp(fields[i].object, object) != 0)
            continue;
        add(writing, comma);
        add_property(writing, fields[i].name, fields[i].type, fields[i].flags, fields[i].help);
        comma = ",";
    }
}

static void add_required(struct writing *writing, const char *object, const char *comma)
{
    for (size_t i = 0; i < SRS_COUNT(fields); i++) {
        if (strcmp(fields[i].object, object) != 0 || (fields[i].flags & OPTIONAL) != 0)
            continue;
        add_quoted(writing, comma, fields[i].name, "");
        comma = ",";
    }
}

static const char *const head[] = {"server", "service", "pid"};

// What code can be: it tells an answer from a failure, which a bare answer without its optional
// members would look like.
static void add_code(struct writing *writing, enum form form)
{
    add(writing, "\"code\":{\"type\":\"integer\",");
    if (form == FAILED)
        add(writing, "\"minimum\":1,\"description\":\"What went wrong\"}");
    else if (form == JUDGED)
        add(writing, "\"description\":\"0, or what went wrong\"}");
    else
        add(writing, "\"const\":0,\"description\":\"Nothing went wrong\"}");
}

// An object with what stands in front of its members in an answer of that form.
static void add_object(struct writing *writing, const char *object, enum form form)
{
    bool headed = form == HEADED || form == JUDGED;
    add(writing, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    if (form != PLAIN)
        add_code(writing, form);
    for (size_t i = 0; headed && i < SRS_COUNT(head); i++) {
        add(writing, ",");
        add_property(writing, head[i], "string", 0, "Which server, start and process answers");
    }
    add_members(writing, object, form != PLAIN ? "," : "");
    add(writing, "},\"required\":[");
    add(writing, form != PLAIN ? "\"code\"" : "");
    for (size_t i = 0; headed && i < SRS_COUNT(head); i++)
        add_quoted(writing, ",", head[i], "");
    add_required(writing, object, form != PLAIN ? "," : "");
    add(writing, "]}");
}

// Objects that others refer to, each where its first member stands.
static bool is_first(size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(fields[j].object, fields[i].object) == 0)
            return false;
    return true;
}

static bool is_answer(const char *object)
{
    for (size_t i = 0; i < SRS_COUNT(endpoints); i++)
        if (strcmp(endpoints[i].object, object) == 0)
            return true;
    return false;
}

static void add_directives(struct writing *writing, const char *name, enum srs_directive_state kind)
{
    add_quoted(writing, ",", name, ":");
    if (!writing->err)
        writing->err = srs_config_schema_write(kind, &writing->call->out);
}

static void add_schemas(struct writing *writing)
{
    add(writing, "\"schemas\":{\"failure\":");
    add_object(writing, "", FAILED);
    for (size_t i = 0; i < SRS_COUNT(fields); i++) {
        if (!is_first(i) || is_answer(fields[i].object))
            continue;
        add_quoted(writing, ",", fields[i].object, ":");
        add_object(writing, fields[i].object, PLAIN);
    }
    add_directives(writing, "config_root", SRS_DIRECTIVE_ROOT);
    add_directives(writing, "config_vhost", SRS_DIRECTIVE_VHOST);
    add(writing, "}");
}

// Parameters that many operations take, and what they may be refused with.
static void add_shared(struct writing *writing)
{
    add(writing,
        ",\"parameters\":{"
        "\"callback\":{\"name\":\"callback\",\"in\":\"query\","
        "\"schema\":{\"type\":\"string\",\"maxLength\":256,\"pattern\":\"^[0-9A-Za-z_.-]*$\"},"
        "\"description\":\"Makes the answer JSONP, a call of this function; another name "
        "closes the connection\"},"
        "\"method\":{\"name\":\"method\",\"in\":\"query\","
        "\"schema\":{\"type\":\"string\",\"enum\":[\"GET\",\"PUT\",\"POST\",\"DELETE\"]},"
        "\"description\":\"With a callback: stands for the method of the request\"}}");
    add(writing, ",\"responses\":{"
                 "\"unauthorized\":{\"description\":\"Credentials are missing or wrong\","
                 "\"headers\":{\"WWW-Authenticate\":{\"schema\":{\"type\":\"string\"},"
                 "\"description\":\"Scheme that is asked for; none when another one came\"}}},"
                 "\"refused\":{\"description\":\"Refused by HTTP itself: 400 for what cannot be "
                 "read, 405 for a method that is not here, 408 for a request that did not come "
                 "whole, 413 for a body above 64 KiB, 503 for too much at once\","
                 "\"content\":{\"text/plain\":{\"schema\":{\"type\":\"string\"}}}}}");
}

// --- paths --------------------------------------------------------------------------------------

static void add_params(struct writing *writing, const struct endpoint *endpoint)
{
    const char *comma = "";
    add(writing, ",\"parameters\":[");
    for (size_t i = 0; i < SRS_COUNT(params); i++) {
        const struct param *param = &params[i];
        if (strcmp(param->path, endpoint->path) != 0 ||
            strcmp(param->method, endpoint->method) != 0)
            continue;
        bool in_path = strcmp(param->place, "path") == 0;
        add(writing, comma);
        add_quoted(writing, "{\"name\":", param->name, "");
        add_quoted(writing, ",\"in\":", param->place, in_path ? ",\"required\":true" : "");
        add_quoted(writing, ",\"schema\":{\"type\":", param->type, "}");
        add_quoted(writing, ",\"description\":", param->help, "}");
        comma = ",";
    }
    if (endpoint->script != NONE) {
        add(writing, comma);
        add(writing, "{\"$ref\":\"#/components/parameters/callback\"}");
    }
    if (endpoint->script == METHOD)
        add(writing, ",{\"$ref\":\"#/components/parameters/method\"}");
    add(writing, "]");
}

// Credentials are asked for on these paths alone.
static bool is_guarded(const struct endpoint *endpoint)
{
    return strstr(endpoint->path, "/api/") != NULL;
}

static bool takes_body(const struct endpoint *endpoint)
{
    return strcmp(endpoint->method, "post") == 0;
}

static void add_contents(struct writing *writing, const struct endpoint *endpoint)
{
    bool fails = endpoint->form == FAILED || endpoint->form == TEXT;
    add(writing, "\"application/json\":{\"schema\":{");
    if (!fails) {
        add(writing, "\"oneOf\":[");
        add_object(writing, endpoint->object, endpoint->form);
        add(writing, ",{");
    }
    add(writing, "\"$ref\":\"#/components/schemas/failure\"}");
    add(writing, fails ? "}" : "]}}");
    if (endpoint->script != NONE)
        add(writing, ",\"text/javascript\":{\"schema\":{\"type\":\"string\"}}");
    if (endpoint->form == TEXT || strcmp(endpoint->object, "config") == 0)
        add(writing, ",\"text/plain\":{\"schema\":{\"type\":\"string\"}}");
}

static void add_responses(struct writing *writing, const struct endpoint *endpoint)
{
    static const char *const of_bodies[] = {"413", "503"};
    add(writing, ",\"responses\":{");
    if (endpoint->form == MOVED) {
        add(writing, "\"301\":{\"description\":\"Another path\"}");
    } else {
        add(writing, "\"200\":{\"description\":\"Answer, or a failure\",\"content\":{");
        add_contents(writing, endpoint);
        add(writing, "}}");
    }
    if (is_guarded(endpoint))
        add(writing, ",\"401\":{\"$ref\":\"#/components/responses/unauthorized\"}");
    for (size_t i = 0; takes_body(endpoint) && i < SRS_COUNT(of_bodies); i++)
        add_quoted(writing, ",", of_bodies[i], ":{\"$ref\":\"#/components/responses/refused\"}");
    add(writing, ",\"default\":{\"$ref\":\"#/components/responses/refused\"}}");
}

static void add_operation(struct writing *writing, const struct endpoint *endpoint)
{
    add_quoted(writing, "", endpoint->method, ":{");
    add_quoted(writing, "\"summary\":", endpoint->help, "");
    add_params(writing, endpoint);
    if (!is_guarded(endpoint))
        add(writing, ",\"security\":[]");
    if (takes_body(endpoint))
        add(writing, ",\"requestBody\":{\"required\":true,\"content\":{\"text/plain\":{}}}");
    add_responses(writing, endpoint);
    add(writing, "}");
}

// Operations of a path stand one behind the other in the table.
static void add_paths(struct writing *writing)
{
    const char *path = "";
    add(writing, "\"paths\":{");
    for (size_t i = 0; i < SRS_COUNT(endpoints); i++) {
        bool again = strcmp(endpoints[i].path, path) == 0;
        if (!again) {
            add_quoted(writing, i > 0 ? "}," : "", endpoints[i].path, ":{");
            path = endpoints[i].path;
        } else {
            add(writing, ",");
        }
        add_operation(writing, &endpoints[i]);
    }
    add(writing, "}}");
}

SRS_YIELDS srs_err srs_api_serve_openapi(struct srs_api_call *call, const char *rest)
{
    srs_co_may_yield();
    (void)rest;
    struct writing writing = {.call = call};
    srs_api_drop_script(call); // it is data for tools
    if (!srs_api_is_read(call))
        return srs_api_refuse(call, 405);
    add(&writing,
        "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"srs\",\"version\":\"" SRS_VERSION "\"},"
        "\"security\":[{},{\"basic\":[]},{\"bearer\":[]}],");
    add_paths(&writing);
    add(&writing, ",\"components\":{");
    add_schemas(&writing);
    add_shared(&writing);
    add(&writing, ",\"securitySchemes\":{\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"},"
                  "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}}}");
    return writing.err ? writing.err : srs_api_finish(call);
}
