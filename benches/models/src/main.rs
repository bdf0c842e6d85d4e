//! Measures lobbies, leaderboards and matchmaking beside plain SQL, in turns: `joinly-bench-models [--quick] SAMPLES FOLDER`.

mod library;
mod sql;
mod world;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use library::{Behind, Through};
use sql::Sql;
use world::{World, spread};

const CROWD: u32 = 250;
const CONTENDERS: usize = 8;
const ONE_SET: u64 = 4;
const NEAREST: usize = 50;

struct Sizes {
    rounds: u64,
    joins: u64,
    lobbies: u64,
    scores: u64,
    tickets: u64,
    ticks: u64,
    events: u64,
    contention: Duration,
}

impl Sizes {
    const FULL: Self = Self {
        rounds: 9,
        joins: 500,
        lobbies: 100_000,
        scores: 1_000_000,
        tickets: 10_000,
        ticks: 5,
        events: 500,
        contention: Duration::from_secs(3),
    };
    const QUICK: Self = Self {
        rounds: 5,
        joins: 200,
        lobbies: 20_000,
        scores: 100_000,
        tickets: 2_000,
        ticks: 3,
        events: 100,
        contention: Duration::from_secs(1),
    };
}

/// Durations of single calls.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn time<R>(&mut self, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = call();
        self.0.push(start.elapsed());
        result
    }

    /// The quantile, in microseconds.
    fn at(&mut self, quantile: f64) -> f64 {
        self.0.sort_unstable();
        self.0[((self.0.len() - 1) as f64 * quantile) as usize].as_nanos() as f64 / 1e3
    }
}

struct Samples(PathBuf);

impl Samples {
    fn value<W: World>(&self, workload: &str, unit: &str, value: f64) {
        let line = serde_json::json!({
            "workload": workload, "system": W::NAME, "language": "rust", "configuration": W::CONFIGURATION,
            "unit": unit, "value": value,
        });
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        writeln!(file, "{line}").unwrap();
        eprintln!("{workload}, {}: {value:.1} {unit}", W::NAME);
    }

    fn quantile<W: World>(&self, workload: &str, quantile: &str, times: &mut Times) {
        let at = quantile.parse::<f64>().unwrap() / 100.0;
        self.value::<W>(workload, &format!("µs, p{quantile}"), times.at(at));
    }
}

struct Bench {
    sizes: Sizes,
    samples: Samples,
    folder: PathBuf,
}

impl Bench {
    fn file<W: World>(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}-{}.db", W::NAME))
    }

    fn open<W: World>(&self, name: &str) -> W {
        W::open(&self.file::<W>(name))
    }

    /// A call in a loop, the systems taking turns.
    fn in_turns<const N: usize>(&self, mut systems: [&mut dyn FnMut(u64); N]) {
        for round in 0..self.sizes.rounds {
            systems.iter_mut().for_each(|system| system(round));
        }
    }

    fn joins(&self) {
        let (mut through, mut behind) = (Joins::<Through>::new(self), Joins::<Behind>::new(self));
        let (mut sql, count) = (Joins::<Sql>::new(self), self.sizes.joins);
        self.in_turns([
            &mut |round| through.join(round, count),
            &mut |round| behind.join(round, count),
            &mut |round| sql.join(round, count),
        ]);
        self.in_turns([&mut |_| through.load(count), &mut |_| behind.load(count), &mut |_| sql.load(count)]);
        through.report(&self.samples);
        behind.report(&self.samples);
        sql.report(&self.samples);
    }

    /// Processes join and leave a few lobbies at once; the worst wait of each is what they print.
    fn contention<W: World>(&self) {
        let world = self.open::<W>("contention");
        let lobbies: Vec<u64> = (0..ONE_SET).map(|_| world.create(CROWD)).collect();
        let children: Vec<_> = (0..CONTENDERS)
            .map(|at| {
                let mut child = self.child::<W>("contend", "contention");
                child.args(
                    [at as u64, lobbies[0], self.sizes.contention.as_millis() as u64].map(|n| n.to_string()),
                );
                child.stdout(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let (mut worst, mut joins) = (0.0_f64, 0.0);
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            let text = String::from_utf8(output.stdout).unwrap();
            let mut figures = text.split_whitespace().map(|figure| figure.parse::<f64>().unwrap());
            worst = worst.max(figures.next().unwrap());
            joins += figures.next().unwrap();
        }
        self.samples.value::<W>("lobby_join_8_worst", "ms, worst wait of 8 processes", worst);
        let each = self.sizes.contention.as_secs_f64() * 1e6 / joins;
        self.samples.value::<W>("lobby_join_8", "µs for a join and a leave, over all 8 processes", each);
    }

    fn search(&self) {
        let (mut through, mut behind) = (Searches::<Through>::new(self), Searches::<Behind>::new(self));
        let (mut sql, count) = (Searches::<Sql>::new(self), self.sizes.joins);
        self.in_turns([
            &mut |round| through.search(round, count),
            &mut |round| behind.search(round, count),
            &mut |round| sql.search(round, count),
        ]);
        through.report(&self.samples);
        behind.report(&self.samples);
        sql.report(&self.samples);
    }

    fn ranks(&self) {
        let (ours, theirs) = (self.open::<Through>("ranks"), self.open::<Sql>("ranks"));
        ours.fill_board(self.sizes.scores);
        theirs.fill_board(self.sizes.scores);
        let (mut our_times, mut their_times) = (Times::default(), Times::default());
        let player = |round: u64, at| spread(round * 20 + at, self.sizes.scores);
        assert_eq!(ours.rank(player(0, 0)), theirs.rank(player(0, 0)));
        self.in_turns([
            &mut |round| (0..20).for_each(|at| assert!(our_times.time(|| ours.rank(player(round, at))) > 0)),
            &mut |round| {
                (0..20).for_each(|at| assert!(their_times.time(|| theirs.rank(player(round, at))) > 0))
            },
        ]);
        self.samples.quantile::<Through>("board_rank", "50", &mut our_times);
        self.samples.quantile::<Sql>("board_rank", "50", &mut their_times);
    }

    fn ticks(&self) {
        let (through, behind) = (self.open::<Through>("ticks"), self.open::<Behind>("ticks"));
        let (sql, mut times) = (self.open::<Sql>("ticks"), <[Times; 3]>::default());
        for _ in 0..self.sizes.ticks {
            let [of_through, of_behind, of_sql] = &mut times;
            self.tick(&through, of_through);
            self.tick(&behind, of_behind);
            self.tick(&sql, of_sql);
        }
        let unit = format!("ms, {} tickets", self.sizes.tickets);
        let [through, behind, sql] = times.each_mut().map(|times| times.at(0.5) / 1e3);
        self.samples.value::<Through>("match_tick", &unit, through);
        self.samples.value::<Behind>("match_tick", &unit, behind);
        self.samples.value::<Sql>("match_tick", &unit, sql);
    }

    fn tick<W: World>(&self, world: &W, times: &mut Times) {
        world.fill_tickets(self.sizes.tickets);
        let made = times.time(|| world.tick());
        assert!(made as u64 >= self.sizes.tickets / 2 * 9 / 10);
    }

    /// Another process says the time; how old it is when it is heard here.
    fn events<W: World>(&self) {
        let world = self.open::<W>("events");
        let lobby = world.create(2);
        assert!(world.join(lobby, "speaker"));
        let mut after = world.last_event(lobby);
        let last = after + self.sizes.events;
        let mut speaker = self.child::<W>("speak", "events");
        let mut speaker = speaker.args([lobby, self.sizes.events].map(|n| n.to_string())).spawn().unwrap();
        let mut ages = Times::default();
        while after < last {
            let (heard, said) = world.heard(lobby, after, Duration::from_secs(20)).expect("an event");
            ages.0.push(Duration::from_nanos(nanos().saturating_sub(said.parse::<u64>().unwrap())));
            after = heard;
        }
        assert!(speaker.wait().unwrap().success());
        self.samples.quantile::<W>("event_visible", "99", &mut ages);
    }

    fn child<W: World>(&self, role: &str, name: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--child", role, W::NAME]).arg(self.file::<W>(name));
        command
    }
}

/// Joins of one system, into a lobby that is empty and into one that is crowded.
struct Joins<W> {
    world: W,
    room: u64,
    empty: Times,
    crowd: Times,
    loads: Times,
}

impl<W: World> Joins<W> {
    fn new(bench: &Bench) -> Self {
        let world = bench.open::<W>("joins");
        let room = world.create(CROWD + 2);
        (0..CROWD).for_each(|at| assert!(world.join(room, &format!("crowd{at}"))));
        Self { world, room, empty: Times::default(), crowd: Times::default(), loads: Times::default() }
    }

    fn join(&mut self, round: u64, count: u64) {
        let Self { world, room, empty, crowd, .. } = self;
        let lobby = world.create(8);
        for at in round * count..(round + 1) * count {
            let player = format!("player{at}");
            assert!(empty.time(|| world.join(lobby, &player)));
            world.leave(lobby, &player);
            assert!(crowd.time(|| world.join(*room, &player)));
            world.leave(*room, &player);
        }
    }

    fn load(&mut self, count: u64) {
        (0..count).for_each(|_| assert!(self.loads.time(|| self.world.load(self.room)) >= CROWD));
    }

    fn report(&mut self, samples: &Samples) {
        samples.quantile::<W>("lobby_join", "50", &mut self.empty);
        samples.quantile::<W>("lobby_join_crowd", "50", &mut self.crowd);
        samples.quantile::<W>("lobby_load", "50", &mut self.loads);
    }
}

/// Searches of one system by nearness.
struct Searches<W> {
    world: W,
    times: Times,
}

impl<W: World> Searches<W> {
    fn new(bench: &Bench) -> Self {
        let world = bench.open::<W>("search");
        world.fill_lobbies(bench.sizes.lobbies);
        Self { world, times: Times::default() }
    }

    fn search(&mut self, round: u64, count: u64) {
        for at in round * count..(round + 1) * count {
            let found = self.times.time(|| self.world.near(spread(at, 3000) as f64, NEAREST));
            assert_eq!(found, NEAREST);
        }
    }

    fn report(&mut self, samples: &Samples) {
        for quantile in ["50", "99"] {
            samples.quantile::<W>(&format!("lobby_near_p{quantile}"), quantile, &mut self.times);
        }
    }
}

fn nanos() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// What a process of its own does.
fn play<W: World>(role: &str, file: &Path, arguments: &[u64]) {
    let world = W::open(file);
    match (role, arguments) {
        ("contend", &[me, first, ms]) => {
            let (mut times, player) = (Times::default(), format!("player{me}"));
            let end = Instant::now() + Duration::from_millis(ms);
            while Instant::now() < end {
                let lobby = first + spread(times.0.len() as u64 + me, ONE_SET);
                assert!(times.time(|| world.join(lobby, &player)));
                world.leave(lobby, &player);
            }
            println!("{} {}", times.at(1.0) / 1e3, times.0.len());
        }
        ("speak", &[lobby, events]) => {
            for _ in 0..events {
                std::thread::sleep(Duration::from_millis(5));
                world.say(lobby, "speaker", &nanos().to_string());
            }
        }
        _ => panic!("no such role: {role}"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--child") {
        let numbers: Vec<u64> = arguments[4..].iter().map(|number| number.parse().unwrap()).collect();
        let (role, file) = (&arguments[1], Path::new(&arguments[3]));
        return match arguments[2].as_str() {
            Through::NAME => play::<Through>(role, file, &numbers),
            _ => play::<Sql>(role, file, &numbers),
        };
    }
    let quick = arguments.first().is_some_and(|first| first == "--quick");
    let [samples, folder] = &arguments[usize::from(quick)..] else {
        eprintln!("usage: joinly-bench-models [--quick] SAMPLES FOLDER");
        std::process::exit(2);
    };
    let bench = Bench {
        sizes: if quick { Sizes::QUICK } else { Sizes::FULL },
        samples: Samples(samples.into()),
        folder: folder.into(),
    };
    bench.joins();
    bench.contention::<Through>();
    bench.contention::<Sql>();
    bench.search();
    bench.ranks();
    bench.ticks();
    bench.events::<Through>();
    bench.events::<Sql>();
}
