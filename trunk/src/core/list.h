// Intrusive circular doubly linked list. A zeroed node is in no list.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct srs_list {
    struct srs_list *prev;
    struct srs_list *next;
};

#define srs_list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
#define srs_list_each(node, head) \
    for (struct srs_list *node = (head)->next; node != (head); node = node->next)
// The current node may be removed in the body.
#define srs_list_each_safe(node, head)                                                    \
    for (struct srs_list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void srs_list_init(struct srs_list *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool srs_list_empty(const struct srs_list *head)
{
    return head->next == head;
}

static inline bool srs_list_linked(const struct srs_list *node)
{
    return node->next != NULL;
}

static inline void srs_list_insert_before(struct srs_list *at, struct srs_list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void srs_list_insert_after(struct srs_list *at, struct srs_list *node)
{
    srs_list_insert_before(at->next, node);
}

static inline void srs_list_push(struct srs_list *head, struct srs_list *node)
{
    srs_list_insert_before(head, node);
}

// Harmless for a node that is in no list.
static inline void srs_list_remove(struct srs_list *node)
{
    if (node->next == NULL)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = NULL;
    node->next = NULL;
}
