#include "server/check.h"
#include "core/mem.h"
#include "core/task.h"
#include <string.h>

struct srs_check {
    const struct srs_config_args *args;
    struct srs_task_queue *queue; // made with the first check
};

struct checking {
    struct srs_task task;
    struct srs_config_args args;
    char *text;
    struct srs_check_verdict verdict;
    struct srs_check_verdict *out; // the waiter's; NULL once it has gone
};

struct srs_check *srs_check_new(const struct srs_config_args *args)
{
    struct srs_check *check = srs_new(struct srs_check);
    check->args = args;
    return check;
}

SRS_YIELDS void srs_check_free(struct srs_check *check, srs_usec deadline)
{
    srs_co_may_yield();
    if (check == NULL)
        return;
    (void)srs_task_queue_close(check->queue, deadline);
    srs_free(check);
}

static srs_err run(struct srs_task *task)
{
    struct checking *checking = srs_list_entry(task, struct checking, task);
    struct srs_check_verdict *verdict = &checking->verdict;
    verdict->err = srs_config_load(&checking->args, &verdict->config);
    if (verdict->err) {
        srs_err_format(verdict->err, verdict->story, sizeof verdict->story);
        srs_err_drop(verdict->err, "it is the verdict");
    }
    return SRS_OK;
}

static void done(struct srs_task *task)
{
    struct checking *checking = srs_list_entry(task, struct checking, task);
    if (checking->out != NULL)
        *checking->out = checking->verdict;
    else
        srs_config_unref(checking->verdict.config);
    srs_free(checking->text);
    srs_free(checking);
}

SRS_YIELDS SRS_ERR srs_check_run(struct srs_check *check, struct srs_span text, srs_usec deadline,
                                 struct srs_check_verdict *out)
{
    srs_co_may_yield();
    srs_err err = SRS_OK;
    *out = (struct srs_check_verdict){.err = SRS_OK};
    if (check->queue == NULL)
        err = srs_task_queue_new("config-check", 1, &check->queue);
    if (err)
        return err;
    // A byte 0 is for the parser to refuse.
    char *copy = srs_try_alloc(text.size + 1);
    if (copy == NULL)
        return srs_fail(SRS_E_NO_MEMORY, "configuration of %zu bytes", text.size);
    if (text.size > 0)
        memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    struct checking *checking = srs_new(struct checking);
    checking->task = (struct srs_task){.run = run, .done = done, .bytes = text.size};
    checking->args = *check->args;
    checking->args.text = copy;
    checking->args.text_size = text.size;
    checking->args.fault = &checking->verdict.fault;
    checking->text = copy;
    checking->out = out;
    err = srs_task_call(check->queue, &checking->task, deadline);
    if (err == SRS_E_SOCKET_TIMEOUT || err == SRS_E_CANCELED) // ours: a check gives neither
        checking->out = NULL;
    return err ? srs_wrap(err, "check of a configuration") : SRS_OK;
}
