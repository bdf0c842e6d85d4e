use super::*;

fn near(rating: Rating, mu: f64, sigma: f64) {
    let hundredths = |value: f64| (value * 100.0).round();
    assert_eq!(
        (hundredths(rating.mu), hundredths(rating.sigma)),
        (hundredths(mu), hundredths(sigma)),
        "{rating:?}"
    );
}

fn glicko2(mu: f64, sigma: f64) -> Rating {
    Rating { mu, sigma, volatility: 0.06 }
}

fn placed(place: u32, ratings: &[(f64, f64)]) -> Placed {
    Placed { ratings: ratings.iter().map(|(mu, sigma)| Rating::new(*mu, *sigma)).collect(), place }
}

const NEW: (f64, f64) = (25.0, 25.0 / 3.0);

/// The worked example of Glickman, "Example of the Glicko-2 system" (2013).
#[test]
fn glickmans_example() {
    let games = [
        (glicko2(1400.0, 30.0), Score::Win),
        (glicko2(1550.0, 100.0), Score::Loss),
        (glicko2(1700.0, 300.0), Score::Loss),
    ];
    let rated = System::Glicko2 { tau: 0.5 }.rate_period(&glicko2(1500.0, 200.0), &games).unwrap();
    near(rated, 1464.05, 151.52);
    assert!((rated.volatility - 0.05999).abs() < 0.00001, "{rated:?}");
}

#[test]
fn a_glicko2_deviation_grows_without_games() {
    let system = System::Glicko2 { tau: 0.5 };
    let rated = system.rate_period(&glicko2(1500.0, 200.0), &[]).unwrap();
    assert_eq!(rated.mu.round(), 1500.0);
    assert!(rated.sigma > 200.0 && rated.sigma < 201.0, "{rated:?}");
}

/// The figures of the documentation of `skillratings`.
#[test]
fn published_figures_of_one_against_one() {
    let system = System::Glicko2 { tau: 0.5 };
    let new = || Placed { ratings: vec![system.initial()], place: 1 };
    let rated = system.rate(&[new(), Placed { place: 2, ..new() }]).unwrap();
    assert_eq!((rated[0][0].mu.round(), rated[0][0].sigma.round()), (1662.0, 290.0));
    assert_eq!((rated[1][0].mu.round(), rated[1][0].sigma.round()), (1338.0, 290.0));
    assert!((rated[0][0].volatility - 0.059_999_675_372_338_14).abs() < 1e-12);

    let rated = System::default().rate(&[placed(1, &[(42.0, 1.3)]), placed(2, &[NEW])]).unwrap();
    near(rated[0][0], 42.03, 1.30);
    near(rated[1][0], 23.91, 8.03);
}

#[test]
fn published_figures_of_teams() {
    let one = &[NEW, (30.0, 1.2), (21.0, 6.5)];
    let two = &[NEW, (41.0, 1.4), (19.2, 4.3)];
    let three = &[NEW, (29.4, 1.6), (17.2, 2.1)];
    let mus = |rated: &[Vec<Rating>]| -> Vec<Vec<f64>> {
        rated
            .iter()
            .map(|team| team.iter().map(|rating| (rating.mu * 100.0).round() / 100.0).collect())
            .collect()
    };
    let rated = System::default().rate(&[placed(1, one), placed(2, two)]).unwrap();
    assert_eq!(mus(&rated), [[27.90, 30.06, 22.77], [22.10, 40.92, 18.43]]);
    let rated = System::default().rate(&[placed(2, one), placed(1, two), placed(3, three)]).unwrap();
    assert_eq!(mus(&rated), [[25.38, 30.01, 21.23], [27.96, 41.08, 19.99], [21.66, 29.28, 16.99]]);
}

#[test]
fn probabilities_add_up_on_every_scale() {
    let published =
        System::default().win_probabilities(&[&[Rating::new(42.0, 2.1)], &[Rating::new(31.0, 1.2)]]).unwrap();
    assert_eq!((published[0] * 100.0).round(), 85.0);
    for scale in [1.0, 100.0, 10_000.0] {
        let team = |mu: f64| vec![Rating::new(mu * scale, scale), Rating::new(mu * scale, scale)];
        let (strong, even, weak) = (team(30.0), team(25.0), team(20.0));
        for system in [System::default(), System::Glicko2 { tau: 0.5 }] {
            let three = system.win_probabilities(&[&strong, &even, &weak]).unwrap();
            assert!((three.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{three:?}");
            assert!(three[0] >= three[1] && three[1] >= three[2], "{three:?}");
            let equal = system.win_probabilities(&[&even, &even]).unwrap();
            assert!((equal[0] - 0.5).abs() < 1e-9, "{equal:?}");
        }
    }
}

#[test]
fn what_is_no_result_is_refused() {
    use crate::error::Kind;
    let one = || placed(1, &[NEW]);
    let system = System::default();
    let kind = |teams: &[Placed]| system.rate(teams).unwrap_err().kind();
    assert_eq!(kind(&[]), Kind::Invalid);
    assert_eq!(kind(&[one()]), Kind::Invalid);
    assert_eq!(kind(&[one(), placed(1, &[])]), Kind::Invalid);
    assert_eq!(kind(&[one(), placed(1, &[(f64::NAN, 1.0)])]), Kind::Invalid);
    assert_eq!(kind(&[one(), placed(1, &[(1.0, 0.0)])]), Kind::Invalid);
    assert_eq!(kind(&[one(), placed(1, &[NEW; MAX_PLAYERS])]), Kind::TooLarge);
    let glicko2 = System::Glicko2 { tau: 0.5 };
    assert_eq!(glicko2.rate(&[one(), one(), one()]).unwrap_err().kind(), Kind::Invalid);
    assert_eq!(glicko2.rate(&[one(), placed(1, &[NEW, NEW])]).unwrap_err().kind(), Kind::Invalid);
    assert_eq!(System::WengLin { beta: -1.0 }.rate(&[one(), one()]).unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn ratings_and_systems_are_plain_json() {
    let rating = Rating::new(25.5, 8.25);
    assert_eq!(serde_json::to_string(&rating).unwrap(), r#"{"mu":25.5,"sigma":8.25}"#);
    let system: System = serde_json::from_str(r#"{"system":"glicko2"}"#).unwrap();
    assert_eq!(system, System::Glicko2 { tau: 0.5 });
    let system: System = serde_json::from_str(r#"{"system":"weng_lin"}"#).unwrap();
    assert_eq!(system, System::default());
}
