# ddlguard. `make help` lists the targets. Sources are found by folder; the archives mirror the
# layers (protocol <- policy <- session), so that a call upward is an undefined symbol.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
DESTDIR    ?=
# release | asan | tsan (whatever CC is) | fuzz (clang). Each has its own folder under OUT.
MODE    ?= release
OUT     ?= build
BUILD   ?= $(OUT)/$(MODE)

ifeq ($(MODE),fuzz)
CC       = clang
endif
PYTHON  ?= /usr/bin/python3
# The layers are archives, and the hot path crosses them: gcc inlines it across files (a third less
# processor time of our own). clang is for checking and fuzzing only.
LTO     := $(if $(findstring clang,$(CC)),,-flto=auto)
AR      := $(if $(LTO),gcc-ar,ar)
WARNINGS = -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum \
           -Wstrict-prototypes -Wmissing-prototypes -Werror
PQ_CFLAGS := $(shell pkg-config --cflags libpq 2>/dev/null)
CPPFLAGS += -I. -D_GNU_SOURCE $(PQ_CFLAGS)
CFLAGS_release = -O2 $(LTO) -g -fno-plt -D_FORTIFY_SOURCE=2 -fstack-protector-strong
# gcc's manual: sanitizers make -Wmaybe-uninitialized see what is not there.
CFLAGS_asan    = -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer -Wno-maybe-uninitialized
CFLAGS_tsan    = -O1 -g -fsanitize=thread -Wno-maybe-uninitialized
CFLAGS_fuzz    = -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS_asan   = -fsanitize=address,undefined
LDFLAGS_tsan   = -fsanitize=thread
# The linker of its own tools: a hundred test programs, each with all of the sanitizers, in a third of the time.
LDFLAGS_fuzz   = -fuse-ld=lld -fsanitize=address,undefined
ALL_CFLAGS  = $(WARNINGS) $(CFLAGS_$(MODE)) $(CFLAGS) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS_$(MODE)) $(LDFLAGS)

# libpg_query has a pkg-config file only in newer packages.
LIBS_policy  = -lpg_query -lpthread
LIBS_session = -ljansson
LIBS_program = -levent_core -levent_pthreads -levent_extra -lsqlite3 -lpq -lcyaml -lyaml -ljansson -lcrypto

protocol := $(wildcard protocol/*.c)
policy   := $(wildcard policy/*.c policy/rules/*.c policy/sql/*.c)
session  := $(wildcard proxy/session/*.c)
shell    := $(wildcard config/*.c proxy/net/*.c proxy/ledger/*.c proxy/admin/*.c proxy/cli/*.c)
objects   = $(patsubst %.c,$(BUILD)/%.o,$(1))

PROGRAM  = $(BUILD)/ddlguard
ARCHIVES = $(BUILD)/libsession.a $(BUILD)/libpolicy.a $(BUILD)/libprotocol.a

all: $(PROGRAM)

$(BUILD)/libprotocol.a: $(call objects,$(protocol))
$(BUILD)/libpolicy.a:   $(call objects,$(policy))
$(BUILD)/libsession.a:  $(call objects,$(session))
$(BUILD)/libshell.a:    $(call objects,$(shell))
$(BUILD)/%.a:
	rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(BUILD)/proxy/main.o $(BUILD)/libshell.a $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS_program) $(LIBS_session) $(LIBS_policy)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# Unit tests: tests/unit/LAYER/NAME_test.c is one program that links LAYER and what is below it.
unit_link_protocol = $(BUILD)/libprotocol.a
unit_link_policy   = $(BUILD)/libpolicy.a $(BUILD)/libprotocol.a $(LIBS_policy)
unit_link_session  = $(ARCHIVES) $(LIBS_session) $(LIBS_policy)
libs_shell    = $(LIBS_program) $(LIBS_session) $(LIBS_policy)
unit_link_shell    = $(BUILD)/libshell.a $(ARCHIVES) $(libs_shell)
unit_sources := $(wildcard tests/unit/*/*_test.c)
unit_tests    = $(patsubst %.c,$(BUILD)/%,$(unit_sources))
define unit_rule
$(BUILD)/tests/unit/$(1)/%_test: $(BUILD)/tests/unit/$(1)/%_test.o $(filter %.a,$(unit_link_$(1)))
	$$(CC) $$(ALL_CFLAGS) -o $$@ $$(filter %.o,$$^) $$(unit_link_$(1)) $$(ALL_LDFLAGS) -lcmocka
endef
$(foreach layer,protocol policy session shell,$(eval $(call unit_rule,$(layer))))
# What plays the dialogues is more than one file; its simulated shell is the fuzz target's, too.
dialogue := $(filter-out %_test.c,$(wildcard tests/unit/session/dialogue*.c))
$(BUILD)/tests/unit/session/dialogue_test: $(call objects,$(dialogue))
$(BUILD)/tests/fuzz/session_fuzz: $(call objects,tests/fuzz/session_client.c tests/fuzz/session_model.c tests/unit/session/dialogue_shell.c)

unit-tests: $(unit_tests)

# Fuzz targets and the C programs of the benchmarks may use everything.
fuzz_sources  := $(wildcard tests/fuzz/*_fuzz.c)
bench_sources := $(wildcard tests/bench/*.c)
fuzz_programs  = $(patsubst %.c,$(BUILD)/%,$(fuzz_sources))
bench_programs = $(patsubst %.c,$(BUILD)/%,$(bench_sources))
$(fuzz_programs): ALL_LDFLAGS += -fsanitize=fuzzer
$(fuzz_programs) $(bench_programs): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libshell.a $(ARCHIVES)
	$(CC) $(ALL_CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(ALL_LDFLAGS) $(libs_shell)

fuzz-programs: $(fuzz_programs)
bench-programs: $(bench_programs)

# What the scripts need to know; they build what they run by calling make again.
export OUT PYTHON
FUZZ_SECONDS ?= 60

deps:
	tests/tools/deps.sh

deps-quickstart:
	tests/tools/deps.sh quickstart

deps-clients:
	tests/tools/deps.sh clients
	cd tests/clients && npm ci --no-audit --no-fund --loglevel=error

deps-servers:
	tests/tools/deps.sh servers
	mkdir -p $(OUT)/servers && cp tests/servers/package*.json $(OUT)/servers
	cd $(OUT)/servers && npm ci --no-audit --no-fund --loglevel=error

check: deps
	@$(PYTHON) tests/tools/check.py

check-clients: all
	$(PYTHON) tests/tools/check.py --clients

check-all: deps deps-servers
	@$(PYTHON) tests/tools/check_all.py

# Other facts than the project's own: make facts FACTS=file.jsonl
export FACTS
facts: all
	$(PYTHON) tests/tools/facts.py

latency: all
	$(PYTHON) tests/bench/latency.py

asan tsan:
	$(PYTHON) tests/tools/check.py --mode $@

fuzz:
	$(PYTHON) tests/tools/fuzz.py --seconds $(FUZZ_SECONDS)

lint:
	tests/tools/lint.sh

transparency: all
	$(PYTHON) tests/tools/transparency.py

bench: all bench-programs
	$(PYTHON) tests/bench/bench.py

quickstart: deps-quickstart
	@$(MAKE) -s -j$(shell nproc) all
	@$(PYTHON) tests/tools/quickstart.py

fresh:
	tests/tools/fresh.sh

install: all
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/ddlguard
	install -d $(DESTDIR)$(SYSCONFDIR)/ddlguard $(DESTDIR)$(PREFIX)/share/doc/ddlguard/docs
	test -e $(DESTDIR)$(SYSCONFDIR)/ddlguard/ddlguard.yaml || \
	    install -m 644 config/ddlguard.yaml $(DESTDIR)$(SYSCONFDIR)/ddlguard/ddlguard.yaml
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local/bin|$(PREFIX)/bin|; s|/etc/ddlguard|$(SYSCONFDIR)/ddlguard|' config/ddlguard.service >$(DESTDIR)$(UNITDIR)/ddlguard.service
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/ddlguard
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/ddlguard/docs

clean:
	rm -rf $(OUT)

help:
	@echo 'make               build $(BUILD)/ddlguard (MODE=release, asan or tsan)'
	@echo 'make quickstart    install what is needed, build, and see it work on a throw-away PostgreSQL'
	@echo 'make deps          install the Debian packages that building, running and testing need'
	@echo 'make deps-clients  ... and what the tests of other languages need'
	@echo 'make check         unit tests, cases, dialogues, short fuzzing, integration with PostgreSQL'
	@echo 'make check-all     the integration tests with PostgreSQL 13, 15, 17 and 18, and 1,000,000 rows; an hour'
	@echo 'make check-clients JDBC, node-postgres, Alembic and Django through the proxy'
	@echo 'make asan, tsan    the same suite with a sanitizer in the proxy'
	@echo 'make fresh         deps, quickstart and check on a new Debian of its own (needs root, debootstrap)'
	@echo 'make facts         what explain says of each form, against what PostgreSQL does (FACTS=file: other forms)'
	@echo 'make fuzz          every fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)) each'
	@echo 'make lint          format, layers, style, cppcheck, clang, clang-tidy'
	@echo 'make transparency  the regression suite of PostgreSQL through the proxy'
	@echo 'make latency       how long an application waits during each change of the catalogue'
	@echo 'make bench         the cost of the proxy beside a forwarder and pgbouncer'
	@echo 'make install       into DESTDIR$(PREFIX) and $(SYSCONFDIR)/ddlguard'

.PHONY: all unit-tests fuzz-programs bench-programs deps deps-quickstart deps-clients deps-servers check \
        check-all check-clients latency facts asan tsan fuzz lint transparency bench quickstart fresh install clean help
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
