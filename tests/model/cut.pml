/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The cut, for spin: lib/cut/planner.cpp (ask_*, holds), coordinator.cpp (collect, prepare) and
 * agent_main.cpp (safe points, blocked calls, the gate before collectives) with three ranks. Every
 * interleaving of three small MPI programs with CUTS requests is searched for
 *   - a cut that does not hold (assertions in check_cut),
 *   - a request or a program that gets stuck (spin: invalid end state).
 * Ranks tell the coordinator how they stand after any delay, as their control threads do. There is
 * no give-up timer here: the programs are finite, so each request has to end in a cut.
 *
 * BROKEN=1: the coordinator trusts what was reported, without the second wave: a cut does not hold.
 * BROKEN=2: a rank at a collective's gate does not go in when a target lies behind: it gets stuck.
 * check_model.py runs all three.
 */
#ifndef CUTS
#define CUTS 1
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

#define N 3
#define ANY 3    /* as a source */
#define NOBODY 4 /* as a need */
#define AT(a, b) ((a) * N + (b))

/* Two communicators that overlap in rank 1: 0 is {0, 1}, 1 is {1, 2}. */
#define member(r, c) ((r) == 1 || (r) == 2 * (c))
#define other(r, c) ((r) == 1 -> 2 * (c) : 1)

/* What a program consists of: an operation and its argument per step. */
#define SEND 1    /* to rank a: returns at once */
#define RECV 2    /* from rank a or ANY; can be made again */
#define HELD 3    /* the same as the second call of a method: cannot be made again */
#define SENDRECV 4 /* to rank a, then from it: the log keeps the send from being repeated */
#define SYNC 5    /* blocking collective on communicator a: nobody leaves before all have entered */
#define ROOT 6    /* the same, but this rank may leave at once (root of a broadcast) */
#define LEAF 7    /* waits for the other one only */
#define START 8   /* nonblocking collective */
#define FINISH 9  /* its wait; can be made again */
#define SSEND 10  /* to rank a: returns when it has been received, or drained */
#define PHASE 12  /* SYNC behind a barrier in which a rank can stand (two_phase.hpp) */
#define INNER 11  /* SYNC as the second stage of a method: no gate */
#define STEPS 4

byte op[12]; /* rank * STEPS + step */
byte arg[12];

/* ---- the ranks */
mtype = { running, parked, blocked, done };
mtype state[N];
byte sent[9], arrived[9], used[9]; /* AT(from, to): arrived counts drained messages too */
byte clock[6];                     /* rank * 2 + communicator */
byte come[6];                      /* first phases begun, likewise */
bit inside[N];                     /* the library, in a collective or a send that waits */
bit eligible[N], frozen[N];
byte need[N];
bit pending;

/* ---- what the coordinator has asked for */
byte clock_target[6], channel_target[9], any_target[9];
bit any_asked[N];
bit asked[N];

/* ---- what it has been told */
bit known[N], fresh, answered[N], agreed[N];
typedef View {
  bit eligible, own;
  byte need, have, clock0, clock1, sent, arrived;
};
View view[N];

byte cuts;
bit over;

#define ahead(r, c) (clock[(r) * 2 + (c)] < clock_target[(r) * 2 + (c)])
#define behind(r, d) (sent[AT(r, d)] < channel_target[AT(r, d)] || \
                      sent[AT(r, d)] < any_target[AT(r, d)])
#define met(r) (!ahead(r, 0) && !ahead(r, 1) && !behind(r, 0) && !behind(r, 1) && !behind(r, 2))
#define flying(s, r) (sent[AT(s, r)] > arrived[AT(s, r)])
#define waiting_for(r, s) (need[r] == (s) || need[r] == ANY)
/* A posted receive takes its message itself; what nobody waits for is drained. */
#define drainable(r, s) (flying(s, r) && !waiting_for(r, s))
#define can_drain(r) (drainable(r, 0) || drainable(r, 1) || drainable(r, 2))
#define available(r, s) (sent[AT(s, r)] > used[AT(s, r)])
#define found_from(r, s) (((s) == ANY && \
  (available(r, 0) || available(r, 1) || available(r, 2))) || ((s) < N && available(r, s)))
#define complete(r, c) (clock[other(r, c) * 2 + (c)] >= clock[(r) * 2 + (c)])

inline drain_from(r, s) {
  if
  :: drainable(r, s) -> arrived[AT(s, r)] = sent[AT(s, r)]
  :: else
  fi
}

inline consume(r, s) {
  used[AT(s, r)]++;
  if
  :: used[AT(s, r)] > arrived[AT(s, r)] -> arrived[AT(s, r)] = used[AT(s, r)]
  :: else
  fi
}

inline tell(r) {
  view[r].eligible = eligible[r] && state[r] != running;
  view[r].own = (state[r] == running && need[r] == NOBODY && !inside[r]);
  view[r].need = need[r];
  if
  :: need[r] < N -> view[r].have = arrived[AT(need[r], r)]
  :: else -> view[r].have = 0
  fi;
  view[r].clock0 = clock[r * 2];
  view[r].clock1 = clock[r * 2 + 1];
  view[r].sent = sent[AT(r, 0)] + sent[AT(r, 1)] + sent[AT(r, 2)];
  view[r].arrived = arrived[AT(0, r)] + arrived[AT(1, r)] + arrived[AT(2, r)]
}

#define stale(r) (!known[r] || \
  view[r].eligible != (eligible[r] && state[r] != running) || \
  view[r].own != (state[r] == running && need[r] == NOBODY && !inside[r]) || \
  view[r].need != need[r] || \
  (need[r] < N && view[r].have != arrived[AT(need[r], r)]) || \
  view[r].clock0 != clock[r * 2] || view[r].clock1 != clock[r * 2 + 1] || \
  view[r].sent != sent[AT(r, 0)] + sent[AT(r, 1)] + sent[AT(r, 2)] || \
  view[r].arrived != arrived[AT(0, r)] + arrived[AT(1, r)] + arrived[AT(2, r)])

inline answer(r) {
  asked[r] = 0;
  tell(r);
  agreed[r] = view[r].eligible;
  frozen[r] = view[r].eligible;
  answered[r] = 1
}

inline run_on(r) {
  state[r] = running;
  eligible[r] = 0;
  need[r] = NOBODY;
  if
  :: pending && asked[r] -> answer(r)
  :: else
  fi
}

/* One round of standing: drain, see whether this rank may be frozen, answer. */
#define has_round(r, may) (pending && !frozen[r] && \
  (can_drain(r) || asked[r] || eligible[r] != ((may) && met(r))))
inline round(r, may) {
  drain_from(r, 0);
  drain_from(r, 1);
  drain_from(r, 2);
  eligible[r] = ((may) && met(r));
  if
  :: asked[r] -> answer(r)
  :: else
  fi
}

/* Between two bytecodes. */
inline boundary(r) {
  if
  :: atomic { pending && met(r) -> state[r] = parked; eligible[r] = 0 };
     do
     :: atomic { !pending || (!frozen[r] && !met(r)) -> run_on(r); break }
     :: atomic { pending && met(r) && has_round(r, 1) -> round(r, 1) }
     od
  :: atomic { !(pending && met(r)) -> skip }
  fi
}

inline take(r, from) {
  if
  :: from == NOBODY
  :: from < N -> consume(r, from)
  :: from == ANY && available(r, 0) -> consume(r, 0)
  :: from == ANY && available(r, 1) -> consume(r, 1)
  :: from == ANY && available(r, 2) -> consume(r, 2)
  fi
}

/* Until `found`, which is what the call waits for; a message is taken with it. */
inline block(r, from, may, found) {
  do
  :: atomic { !frozen[r] && (found) -> take(r, from); run_on(r); break }
  :: atomic { pending && !frozen[r] && state[r] == running && !(found) ->
       state[r] = blocked; need[r] = from }
  :: atomic { state[r] == blocked && !pending -> state[r] = running; need[r] = NOBODY;
       eligible[r] = 0 }
  :: atomic { state[r] == blocked && !(found) && has_round(r, may) -> round(r, may) }
  od
}

inline gate(r) {
  if
  :: atomic { pending && met(r) -> state[r] = blocked; eligible[r] = 0 };
     do
#if BROKEN == 2
     :: atomic { !pending -> run_on(r); break }
     :: atomic { has_round(r, 1) -> round(r, 1) }
#else
     :: atomic { !pending || (!frozen[r] && !met(r)) -> run_on(r); break }
     :: atomic { pending && met(r) && has_round(r, 1) -> round(r, 1) }
#endif
     od
  :: atomic { !(pending && met(r)) -> skip }
  fi
}

inline enter(r, c) {
  gate(r);
  atomic { clock[r * 2 + c]++; inside[r] = 1 }
}

#define all_come(r, c) (come[other(r, c) * 2 + (c)] >= come[(r) * 2 + (c)])

/* The first phase, then the call, which is counted early if this rank has to run on. */
inline arrive(r, c) {
  atomic { come[r * 2 + c]++; counted = 0 };
  do
  :: atomic { !frozen[r] && all_come(r, c) -> run_on(r);
       clock[r * 2 + c] = clock[r * 2 + c] + 1 - counted; counted = 0; inside[r] = 1; break }
  :: atomic { pending && met(r) && !counted && state[r] == running && !all_come(r, c) ->
       state[r] = blocked; eligible[r] = 0 }
  :: atomic { state[r] == blocked && !pending -> run_on(r) }
  :: atomic { pending && !frozen[r] && !met(r) && !counted && !all_come(r, c) ->
       run_on(r); clock[r * 2 + c]++; counted = 1; inside[r] = 1 }
  :: atomic { state[r] == blocked && !counted && met(r) && !all_come(r, c) && has_round(r, 1) ->
       round(r, 1) }
  od
}

proctype Rank(byte r) {
  byte step = 0;
  bit counted = 0;
  byte a;
  do
  :: step < STEPS && op[r * STEPS + step] != 0 ->
     boundary(r);
     a = arg[r * STEPS + step];
     if
     :: op[r * STEPS + step] == SEND -> sent[AT(r, a)]++
     :: op[r * STEPS + step] == SSEND ->
        atomic { sent[AT(r, a)]++; inside[r] = 1 };
        atomic { !flying(r, a) -> inside[r] = 0 }
     :: op[r * STEPS + step] == RECV -> block(r, a, 1, found_from(r, a))
     :: op[r * STEPS + step] == HELD -> block(r, a, 0, found_from(r, a))
     :: op[r * STEPS + step] == SENDRECV ->
        sent[AT(r, a)]++;
        block(r, a, 1, found_from(r, a))
     :: op[r * STEPS + step] == SYNC || op[r * STEPS + step] == LEAF ->
        enter(r, a);
        atomic { complete(r, a) -> inside[r] = 0 }
     :: op[r * STEPS + step] == PHASE ->
        gate(r);
        arrive(r, a);
        atomic { complete(r, a) -> inside[r] = 0 }
     :: op[r * STEPS + step] == INNER ->
        atomic { clock[r * 2 + a]++; inside[r] = 1 };
        atomic { complete(r, a) -> inside[r] = 0 }
     :: op[r * STEPS + step] == ROOT ->
        enter(r, a);
        inside[r] = 0
     :: op[r * STEPS + step] == START -> clock[r * 2 + a]++
     :: op[r * STEPS + step] == FINISH -> block(r, NOBODY, 1, complete(r, a))
     fi;
     step++
  :: else -> break
  od;
  /* The script has ended; the rank joins cuts until the job is over. */
  atomic { state[r] = done; need[r] = NOBODY; eligible[r] = 0;
    if
    :: pending && asked[r] -> answer(r)
    :: else
    fi
  };
  do
  :: atomic { state[r] == done && has_round(r, 1) -> round(r, 1) }
  :: over -> break
  od
}

/* The control thread: says how its rank stands, and answers for a rank that runs. */
proctype Control(byte r) {
end:
  do
  :: atomic { pending && !frozen[r] && !answered[r] && stale(r) -> tell(r); known[r] = 1;
       fresh = 1 }
  :: atomic { pending && asked[r] && state[r] == running -> answer(r) }
  :: over -> break
  od
}

/* ---- the coordinator */
#define latest0 (view[0].clock0 > view[1].clock0 -> view[0].clock0 : view[1].clock0)
#define latest1 (view[1].clock1 > view[2].clock1 -> view[1].clock1 : view[2].clock1)
#define late(r) ((member(r, 0) && view[r].clock0 < latest0) || \
                 (member(r, 1) && view[r].clock1 < latest1))
#define must_run(r) (!view[r].eligible || late(r))
#define in_flight (view[0].sent + view[1].sent + view[2].sent != \
                   view[0].arrived + view[1].arrived + view[2].arrived)
#define ready (!must_run(0) && !must_run(1) && !must_run(2) && !in_flight)
/* Nobody has to know what an eligible rank waits for (census.hpp). */
#define wants_any(r) (!view[r].eligible && view[r].need == ANY)

inline ask_clocks(r) {
  if
  :: member(r, 0) && view[r].clock0 < latest0 && clock_target[r * 2] < latest0 ->
     clock_target[r * 2] = latest0; eligible[r] = 0
  :: else
  fi;
  if
  :: member(r, 1) && view[r].clock1 < latest1 && clock_target[r * 2 + 1] < latest1 ->
     clock_target[r * 2 + 1] = latest1; eligible[r] = 0
  :: else
  fi
}

inline ask_sender(r) {
  if
  :: !view[r].eligible && view[r].need < N &&
     channel_target[AT(view[r].need, r)] < view[r].have + 1 ->
     channel_target[AT(view[r].need, r)] = view[r].have + 1;
     eligible[view[r].need] = 0
  :: else
  fi
}

/* To everybody: one message more than now, until the wait is over. */
inline ask_anybody(r) {
  if
  :: any_asked[r] && !wants_any(r) ->
     any_asked[r] = 0;
     any_target[AT(0, r)] = 0; any_target[AT(1, r)] = 0; any_target[AT(2, r)] = 0
  :: !any_asked[r] && wants_any(r) && !in_flight &&
     !view[0].own && !view[1].own && !view[2].own ->
     any_asked[r] = 1;
     for (i : 0 .. N - 1) {
       if
       :: i != r -> any_target[AT(i, r)] = sent[AT(i, r)] + 1; eligible[i] = 0
       :: else
       fi
     }
  :: else
  fi
}

/* What has to be true of the ranks themselves, whatever was reported. */
inline check_cut() {
  for (i : 0 .. N - 1) {
    assert(state[i] != running && !inside[i]);
    for (j : 0 .. N - 1) { assert(sent[AT(i, j)] == arrived[AT(i, j)]) }
    /* A wait that will be made again has not found its message yet. */
    assert(state[i] != blocked || need[i] >= N || !available(i, need[i]))
  }
  assert(clock[0] == clock[2] && clock[3] == clock[5])
}

proctype Coordinator() {
  byte i, j;
  do
  :: cuts == CUTS -> break
  :: cuts < CUTS ->
     atomic {
       pending = 1;
       for (i : 0 .. N - 1) {
         known[i] = 0; answered[i] = 0; any_asked[i] = 0;
         eligible[i] = (state[i] == done);
         clock_target[i * 2] = 0; clock_target[i * 2 + 1] = 0;
         for (j : 0 .. N - 1) { channel_target[AT(i, j)] = 0; any_target[AT(i, j)] = 0 }
       }
     };
collect:
     atomic { known[0] && known[1] && known[2] && fresh -> fresh = 0;
       for (i : 0 .. N - 1) { ask_clocks(i) }
       if
       :: ready -> goto prepare
       :: else
       fi;
       for (j : 0 .. N - 1) { ask_sender(j) }
       for (j : 0 .. N - 1) { ask_anybody(j) }
       goto collect
     };
prepare:
     atomic { for (i : 0 .. N - 1) { answered[i] = 0; asked[i] = 1 } };
     atomic { answered[0] && answered[1] && answered[2] ->
       if
#if BROKEN == 1
       :: agreed[0] && agreed[1] && agreed[2] -> skip
#else
       :: agreed[0] && agreed[1] && agreed[2] && ready -> skip
#endif
       :: else ->
          for (i : 0 .. N - 1) { frozen[i] = 0; known[i] = 0; answered[i] = 0 }
          goto collect
       fi;
       check_cut();
       pending = 0;
       cuts++;
       for (i : 0 .. N - 1) { frozen[i] = 0; answered[i] = 0; known[i] = 0 }
     }
  od;
  atomic { state[0] == done && state[1] == done && state[2] == done -> over = 1 }
}

#define DO(r, n, o, a) op[(r) * STEPS + n] = o; arg[(r) * STEPS + n] = a

init {
  atomic {
    if
    :: /* Receives from one and from anybody, a collective on each communicator. */
       DO(0, 0, SEND, 2); DO(0, 1, SYNC, 0); DO(0, 2, RECV, ANY); DO(0, 3, HELD, ANY);
       DO(1, 0, SYNC, 0); DO(1, 1, ROOT, 1); DO(1, 2, SEND, 0);
       DO(2, 0, RECV, 0); DO(2, 1, LEAF, 1); DO(2, 2, SEND, 0)
    :: /* Sendrecv without a common pause, a nonblocking collective over it. */
       DO(0, 0, START, 0); DO(0, 1, SENDRECV, 2); DO(0, 2, FINISH, 0);
       DO(1, 0, SENDRECV, 2); DO(1, 1, START, 0); DO(1, 2, FINISH, 0); DO(1, 3, SYNC, 1);
       DO(2, 0, SENDRECV, 1); DO(2, 1, SENDRECV, 0); DO(2, 2, SYNC, 1)
    :: /* A second stage without a gate, a collective that a held receive waits behind. */
       DO(0, 0, HELD, 2); DO(0, 1, SYNC, 0); DO(0, 2, SSEND, 2);
       DO(1, 0, SYNC, 1); DO(1, 1, INNER, 1); DO(1, 2, SYNC, 0);
       DO(2, 0, SYNC, 1); DO(2, 1, INNER, 1); DO(2, 2, SEND, 0); DO(2, 3, RECV, 0)
    :: /* Two-phase calls on both communicators, a held receive that needs them to go on. */
       DO(0, 0, PHASE, 0); DO(0, 1, HELD, 2);
       DO(1, 0, PHASE, 0); DO(1, 1, PHASE, 1);
       DO(2, 0, PHASE, 1); DO(2, 1, SEND, 0)
    fi;
    need[0] = NOBODY; need[1] = NOBODY; need[2] = NOBODY;
    state[0] = running; state[1] = running; state[2] = running;
    run Rank(0); run Rank(1); run Rank(2);
    run Control(0); run Control(1); run Control(2);
    run Coordinator()
  }
}
