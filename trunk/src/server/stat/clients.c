#include "server/stat/clients.h"
#include "core/assert.h"
#include "core/mem.h"
#include "server/stat/rate.h"
#include <stdio.h>

void srs_clients_init(struct srs_clients *clients)
{
    *clients = (struct srs_clients){0};
    srs_list_init(&clients->all);
    srs_list_init(&clients->publishers);
    srs_list_init(&clients->walks);
}

static bool copy_text(char **out, const char *text)
{
    *out = NULL;
    if (text == NULL || text[0] == '\0')
        return true;
    *out = srs_try_strndup(text, strlen(text));
    return *out != NULL;
}

static void free_texts(struct srs_client *client)
{
    srs_free(client->tc_url);
    srs_free(client->page_url);
    srs_free(client->swf_url);
    srs_free(client->name);
}

struct srs_client_kind *srs_clients_kind(struct srs_clients *clients, const char *type,
                                         bool publish)
{
    for (unsigned i = 0; i < clients->kind_count; i++)
        if (strcmp(clients->kinds[i].type, type) == 0)
            return &clients->kinds[i];
    srs_assert(clients->kind_count < SRS_CLIENT_KINDS); // types are literals
    struct srs_client_kind *kind = &clients->kinds[clients->kind_count++];
    kind->type = type;
    kind->publish = publish;
    return kind;
}

SRS_ERR srs_clients_add(struct srs_clients *clients, struct srs_client *client,
                        const struct srs_client_info *info)
{
    *client = (struct srs_client){.type = info->type,
                                  .publish = info->publish,
                                  .conn = info->conn,
                                  .viewer = info->viewer,
                                  .co = srs_co_self(),
                                  .since = srs_now()};
    (void)snprintf(client->id, sizeof client->id, "%s", srs_co_cid());
    bool copied =
        copy_text(&client->tc_url, info->tc_url) && copy_text(&client->page_url, info->page_url) &&
        copy_text(&client->swf_url, info->swf_url) && copy_text(&client->name, info->name);
    if (!copied) {
        free_texts(client);
        *client = (struct srs_client){0};
        return srs_fail(SRS_E_NO_MEMORY, "client");
    }
    client->source = srs_source_ref(info->source);
    srs_rate_sample(&client->rate, srs_conn_bytes_in(client->conn),
                    srs_conn_bytes_out(client->conn), client->since);
    srs_list_push(&clients->all, &client->link);
    if (client->publish) {
        srs_list_push(&clients->publishers, &client->publish_link);
        memcpy(client->source->publisher_id, client->id, sizeof client->id);
    }
    clients->count++;
    clients->total++;
    client->kind = srs_clients_kind(clients, info->type, info->publish);
    client->kind->now++;
    client->kind->total++;
    if (info->viewer != NULL)
        info->viewer->seen = &client->kind->seen;
    return SRS_OK;
}

void srs_clients_remove(struct srs_clients *clients, struct srs_client *client)
{
    if (!srs_list_linked(&client->link))
        return;
    srs_list_each (node, &clients->walks) {
        struct srs_clients_walk *walk = srs_list_entry(node, struct srs_clients_walk, link);
        if (walk->at == &client->link)
            walk->at = client->link.next;
    }
    srs_list_remove(&client->link);
    srs_list_remove(&client->publish_link);
    clients->count--;
    client->kind->now--;
    free_texts(client);
    srs_source_unref(client->source);
    client->source = NULL;
    srs_event_signal(&clients->left);
}

void srs_clients_note_end(struct srs_clients *clients, const struct srs_client *client, srs_err err)
{
    bool usual = err == SRS_OK || err == SRS_E_CANCELED || err == SRS_E_SOCKET_READ;
    if (!srs_list_linked(&client->link) || client->kicked || usual)
        return;
    clients->errors++;
    client->kind->errors++;
}

void srs_client_kick(struct srs_client *client, srs_err why)
{
    client->kicked = why;
    srs_co_cancel(client->co);
}

struct srs_client *srs_clients_find(const struct srs_clients *clients, const char *id)
{
    srs_list_each (node, &clients->all) {
        struct srs_client *client = srs_list_entry(node, struct srs_client, link);
        if (strcmp(client->id, id) == 0)
            return client;
    }
    return NULL;
}

struct srs_client *srs_clients_publisher(const struct srs_clients *clients,
                                         const struct srs_source *source)
{
    srs_list_each (node, &clients->publishers) {
        struct srs_client *client = srs_list_entry(node, struct srs_client, publish_link);
        if (client->source == source)
            return client;
    }
    return NULL;
}

void srs_clients_walk_begin(struct srs_clients *clients, struct srs_clients_walk *walk)
{
    walk->at = clients->all.next;
    srs_list_push(&clients->walks, &walk->link);
}

struct srs_client *srs_clients_walk_next(const struct srs_clients *clients,
                                         struct srs_clients_walk *walk)
{
    if (walk->at == &clients->all)
        return NULL;
    struct srs_client *client = srs_list_entry(walk->at, struct srs_client, link);
    walk->at = walk->at->next;
    return client;
}

void srs_clients_walk_end(struct srs_clients_walk *walk)
{
    srs_list_remove(&walk->link);
}

void srs_clients_sample(struct srs_clients *clients, srs_usec now)
{
    srs_list_each (node, &clients->all) {
        struct srs_client *client = srs_list_entry(node, struct srs_client, link);
        srs_rate_sample(&client->rate, srs_conn_bytes_in(client->conn),
                        srs_conn_bytes_out(client->conn), now);
    }
}
