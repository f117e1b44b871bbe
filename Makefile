# Builds srs. "make help" lists the targets; ./configure writes objs/config.mk.
#
# Each variant has its own tree under objs/: VARIANT=release (default), clang, asan, fuzz, cov.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

VARIANT ?= release
OUT := objs/$(VARIANT)

# Goals that must work before ./configure has run, or that run it themselves.
STANDALONE := run test bench fuzz fuzz-cov cov mutate soak check format uninstall clean help
ifneq ($(filter-out $(STANDALONE),$(or $(MAKECMDGOALS),all)),)
include objs/config.mk
-include objs/config-test.mk
endif

# ---- sources -------------------------------------------------------------------------------

LAYERS := core codec protocol stream server
tree    = $(sort $(wildcard $(foreach depth,* */* */*/* */*/*/*,trunk/$(1)/$(depth)$(2))))
objects = $(patsubst trunk/%.c,$(OUT)/obj/%.o,$(1))

core_SOURCES     := $(call tree,src/core,.c)
codec_SOURCES    := $(call tree,src/codec,.c)
protocol_SOURCES := $(call tree,src/protocol,.c)
stream_SOURCES   := $(call tree,src/stream,.c)
server_SOURCES   := $(call tree,src/server,.c)
main_SOURCES     := $(wildcard trunk/src/main/*.c)
HEADERS          := $(call tree,src,.h) $(call tree,src,.def)

test_program = $(foreach c,$(1),$(if $(filter test_%,$(notdir $(c))),$(c)))
UNIT_TESTS     := $(call test_program,$(call tree,tests/unit,.c))
FLOW_TESTS     := $(call test_program,$(wildcard trunk/tests/flow/*.c))
TEST_HELPERS   := $(filter-out $(UNIT_TESTS),$(call tree,tests/unit,.c)) \
                  $(filter-out $(FLOW_TESTS),$(wildcard trunk/tests/flow/*.c))
FUZZ_TARGETS   := $(filter-out %/fuzz_main.c,$(wildcard trunk/tests/fuzz/fuzz_*.c))
ALL_SOURCES    := $(foreach layer,$(LAYERS) main,$($(layer)_SOURCES)) \
                  $(UNIT_TESTS) $(FLOW_TESTS) $(TEST_HELPERS) $(FUZZ_TARGETS) \
                  trunk/tests/fuzz/fuzz_main.c

# ---- flags ---------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wundef -Wcast-qual -Wpointer-arith \
            -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2
FRAMES   := -Wframe-larger-than=4096
INCLUDES := -Itrunk/src
TEST_INCLUDES := -Itrunk/tests -Itrunk/tests/unit -Itrunk/tests/flow

release_CC := $(CC)
clang_CC   := $(CLANG)
asan_CC    := $(CC)
fuzz_CC    := $(CLANG)
cov_CC     := $(CLANG)

# Sanitizers widen frames and make gcc guess about values that are set: release judges both.
release_CFLAGS := -O2 -g $(HARDEN) $(FRAMES)
clang_CFLAGS   := -O2 -g $(HARDEN) $(FRAMES)
asan_CFLAGS    := -O1 -g -DSRS_DEBUG -DSRS_ASAN $(SANITIZE) -Wno-maybe-uninitialized
fuzz_CFLAGS    := -O2 -g -DSRS_DEBUG -DSRS_ASAN $(SANITIZE) -fsanitize=fuzzer-no-link
cov_CFLAGS     := -O0 -g -DSRS_DEBUG -fprofile-instr-generate -fcoverage-mapping

asan_LDFLAGS := $(SANITIZE)
fuzz_LDFLAGS := $(SANITIZE)
cov_LDFLAGS  := -fprofile-instr-generate

ifeq ($(filter $(VARIANT),release clang asan fuzz cov),)
$(error VARIANT=$(VARIANT) is not one of release clang asan fuzz cov)
endif
ifneq ($(filter clang fuzz cov,$(VARIANT))$(filter clang,$(CC_KIND)),)
WARNINGS += -Wshorten-64-to-32
endif
ifneq ($(CC)$(CLANG),)
ifeq ($($(VARIANT)_CC),)
$(error VARIANT=$(VARIANT) needs clang: run ./configure --with-tests)
endif
endif

ifneq ($(filter tests fuzzers tidy,$(MAKECMDGOALS)),)
ifeq ($(CMOCKA_LIBS)$(wildcard objs/config-test.mk),)
$(error the tests are not configured: run ./configure --with-tests)
endif
endif

COMPILE := $($(VARIANT)_CC) -std=c17 -D_GNU_SOURCE -fPIE $(INCLUDES) $(LIB_CFLAGS) $(WARNINGS) \
           $(WERROR) $($(VARIANT)_CFLAGS) $(EXTRA_CFLAGS)
# The frame limit is for coroutine stacks; a test's table may be larger.
COMPILE_TEST = $(filter-out $(FRAMES),$(COMPILE)) $(TEST_INCLUDES) $(CMOCKA_CFLAGS)
LINK    := $($(VARIANT)_CC) -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
           $($(VARIANT)_LDFLAGS) $(EXTRA_LDFLAGS)

layer_lib = $(OUT)/libsrs_$(1).a
GLUE      := $(OUT)/libst_glue.a
LIBS      := $(foreach layer,server stream protocol codec,$(call layer_lib,$(layer)))
BASE_LIBS := $(call layer_lib,core) $(GLUE)
# Upper layers first, once: a layer cannot reach up. The core and State Threads need each other.
LINK_LIBS := $(LIBS) -Wl,--start-group $(BASE_LIBS) -Wl,--end-group $(LIB_LIBS) -lpthread -lm

# keep FILE,TEXT: rewrites FILE when TEXT differs, so that what depends on it is made again.
keep = $(if $(and $(wildcard $(1)),$(findstring x$(strip $(2))x,x$(strip $(file <$(1)))x)),,$(shell \
       mkdir -p $(dir $(1)))$(file >$(1),$(strip $(2))))

ifneq ($(CC),)
ifneq ($(filter-out $(STANDALONE),$(or $(MAKECMDGOALS),all)),)
$(call keep,$(OUT)/flags,$(COMPILE) $(TEST_INCLUDES) $(CMOCKA_CFLAGS) $(LINK) $(LIB_LIBS))
$(foreach layer,$(LAYERS),$(call keep,$(OUT)/$(layer).list,$($(layer)_SOURCES)))
$(call keep,$(OUT)/tests.list,$(TEST_HELPERS))
endif
endif

# ---- programs and libraries ----------------------------------------------------------------

PROGRAMS      := $(patsubst trunk/src/main/%.c,$(OUT)/%,$(main_SOURCES))
UNIT_PROGRAMS := $(patsubst trunk/%.c,$(OUT)/%,$(UNIT_TESTS))
FLOW_PROGRAMS := $(patsubst trunk/%.c,$(OUT)/%,$(FLOW_TESTS))
FUZZ_PROGRAMS := $(patsubst trunk/%.c,$(OUT)/%,$(FUZZ_TARGETS))
TEST_LIB      := $(OUT)/libsrs_tests.a

.PHONY: all libs tests fuzzers
all: libs $(PROGRAMS)
libs: $(LIBS) $(BASE_LIBS)
tests: $(UNIT_PROGRAMS) $(FLOW_PROGRAMS)
fuzzers: $(FUZZ_PROGRAMS)

$(OUT)/obj/src/%.o: trunk/src/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $(VARIANT) $<"
	@$(COMPILE) -MMD -MP -c $< -o $@

$(OUT)/obj/tests/%.o: trunk/tests/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $(VARIANT) $<"
	@$(COMPILE_TEST) -MMD -MP -c $< -o $@

# The pages are part of the program.
$(OUT)/obj/src/server/page/embed.o: $(addprefix trunk/research/players/,index.html player.js player.css) \
    $(addprefix trunk/research/console/,index.html console.js api.js chart.js player.js console.css)

define layer_rule
$(call layer_lib,$(1)): $(call objects,$($(1)_SOURCES)) $(OUT)/$(1).list
	@rm -f $$@ && ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

$(TEST_LIB): $(call objects,$(TEST_HELPERS)) $(OUT)/tests.list
	@rm -f $@ && ar rcs $@ $(filter %.o,$^)

# Three functions that State Threads calls come from the core instead: mmap, which adds a guard page
# to each stack and makes them known to the sanitizers, calloc, which keeps the records of stacks
# apart, and poll, which is an epoll_wait.
$(GLUE): $(ST_ARCHIVE) $(OUT)/flags Makefile
	@objcopy --redefine-sym mmap=srs_co_stack_mmap --redefine-sym calloc=srs_co_stack_calloc \
	    --redefine-sym poll=srs_reactor_poll $(ST_ARCHIVE) $@

$(PROGRAMS): $(OUT)/%: $(OUT)/obj/src/main/%.o $(LIBS) $(BASE_LIBS)
	@echo "  LINK  $@"
	@$(LINK) $< $(LINK_LIBS) -o $@

$(UNIT_PROGRAMS) $(FLOW_PROGRAMS): $(OUT)/%: $(OUT)/obj/%.o $(TEST_LIB) $(LIBS) $(BASE_LIBS)
	@mkdir -p $(@D)
	@$(LINK) $< $(TEST_LIB) $(LINK_LIBS) $(CMOCKA_LIBS) -o $@

# The fuzz variant gets its main from libFuzzer; in any other one, fuzz_main.c replays files.
ifeq ($(VARIANT),fuzz)
FUZZ_MAIN := -fsanitize=fuzzer
else
FUZZ_MAIN := $(OUT)/obj/tests/fuzz/fuzz_main.o
endif
$(FUZZ_PROGRAMS): $(OUT)/%: $(OUT)/obj/%.o $(filter %.o,$(FUZZ_MAIN)) $(LIBS) $(BASE_LIBS)
	@mkdir -p $(@D)
	@$(LINK) $< $(FUZZ_MAIN) $(LINK_LIBS) -o $@

-include $(patsubst %.o,%.d,$(call objects,$(ALL_SOURCES)))

# ---- findings of clang-tidy, kept per file --------------------------------------------------

TIDY := $(patsubst trunk/src/%.c,objs/tidy/%.ok,$(foreach layer,$(LAYERS) main,$($(layer)_SOURCES)))
.PHONY: tidy
tidy: $(TIDY)
objs/tidy/%.ok: trunk/src/%.c .clang-tidy $(HEADERS)
	@mkdir -p $(@D)
	@$(CLANG_TIDY) --quiet $< -- -std=c17 -D_GNU_SOURCE $(INCLUDES) $(LIB_CFLAGS) >$@.log 2>&1 || \
	    { grep -E ': (warning|error):' $@.log; echo "(how it comes to that: $@.log)"; exit 1; }
	@touch $@

# ---- configuration --------------------------------------------------------------------------

CONFIGURE_PARTS := configure $(wildcard trunk/auto/*.sh)
objs/config.mk: objs/config.stamp
	@:
objs/config.stamp: $(CONFIGURE_PARTS)
	@mkdir -p objs
	@./configure $(if $(wildcard objs/config-test.mk),--with-tests) >objs/configure.log || \
	    { cat objs/configure.log; exit 1; }
# Read as a makefile when it is there; configure makes it together with config.mk.
objs/config-test.mk: ;

# ---- the commands of README.md ---------------------------------------------------------------

PAGE_READY := trunk/auto/page-packages
.PHONY: run test check bench fuzz fuzz-cov cov mutate soak docs format install uninstall clean help

run:
	@trunk/auto/packages build
	@$(PAGE_READY)
	@./configure
	@$(MAKE) VARIANT=release all
	@exec objs/release/srs

test:
	@trunk/auto/packages build test
	@$(PAGE_READY)
	@./configure --with-tests
	@trunk/tests/run

check:
	@./configure --with-tests
	@trunk/tests/run --only format,checks

bench:
	@trunk/auto/packages build bench
	@./configure
	@$(MAKE) VARIANT=release all
	@$(MAKE) -C trunk/research/bench OUT=$(abspath objs)
	@python3 trunk/research/bench/bench.py --srs $(abspath objs/release/srs) \
	    --out $(abspath objs)/bench $(if $(ONLY),--only $(ONLY))

TIME ?= 600
fuzz:
	@trunk/auto/packages build test
	@./configure --with-tests
	@trunk/tests/run --only fuzz --fuzz-seconds $(TIME) --fuzz-keep $(if $(ONLY),--target $(ONLY)) \
	    $(if $(RECORD),--fuzz-record) $(if $(JOBS),--jobs $(JOBS))

cov fuzz-cov:
	@trunk/auto/packages build test
	@./configure --with-tests
	@trunk/auto/coverage $@ $(ONLY)

mutate:
	@trunk/auto/packages build test
	@./configure --with-tests
	@trunk/auto/mutate $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) \
	    $(if $(BASE),--base $(BASE)) $(FILES)

soak:
	@trunk/auto/packages build test
	@./configure
	@$(MAKE) VARIANT=release all
	@python3 trunk/tests/soak/soak.py --seconds $(TIME)

docs: $(OUT)/config_docs
	@$< full >trunk/conf/full.conf
	@$< page >trunk/doc/configuration.md
	@$< metrics >trunk/doc/metrics.md

# PREFIX, DESTDIR, UNIT_DIR, SERVICE_USER and CERT are read by the script; the command line goes
# before its defaults.
export PREFIX DESTDIR UNIT_DIR SERVICE_USER CERT
install: $(OUT)/srs
	@trunk/auto/install $<

uninstall:
	@trunk/auto/install --remove

format:
	@trunk/auto/check-format --fix

clean:
	rm -rf objs

help:
	@echo 'make            build objs/release/srs'
	@echo 'make run        install what is missing, build, and start the server'
	@echo 'make test       install what the tests need, build all variants, run all tests'
	@echo 'make check      the static checks only'
	@echo 'make bench      compare with nginx-rtmp; ONLY=name for one measurement'
	@echo 'make fuzz       every fuzz target for TIME=600 seconds, http_server and rtmp_server three times that;'
	@echo '                ONLY=name for one, JOBS=n at once, RECORD=1 writes doc/fuzz.md'
	@echo 'make fuzz-cov   lines that each fuzz corpus reaches, 85 % of its own files; ONLY=name'
	@echo 'make mutate     whether tests notice 50 small changes; FILES=... BASE=ref SEED=n COUNT=n'
	@echo 'make soak       joins, kills, stalls and reloads for TIME=600 seconds; nothing may grow'
	@echo 'make cov        lines that unit and flow tests reach, per file'
	@echo 'make docs       write trunk/conf/full.conf and trunk/doc/configuration.md anew'
	@echo 'make install    into PREFIX=/usr/local/srs, below DESTDIR; make uninstall'
	@echo 'make format     clang-format all C files'
	@echo 'make clean      remove objs/'
	@echo
	@echo 'make VARIANT=v [all tests fuzzers]   v: release clang asan fuzz cov'
