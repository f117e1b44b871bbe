// For tests: a queue's limits, so that they are met without 64 MiB or ten seconds.
#pragma once
#include "core/task.h"

void srs_task_queue_set_limits(struct srs_task_queue *queue, size_t bytes, srs_usec age);
