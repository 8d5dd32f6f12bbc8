//! Users, teams, reasons and layouts of a site that grew over years.

/// A user.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) login_id: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) roles: Vec<&'static str>,
    pub(crate) team: u32,
    /// Empty while signed out.
    pub(crate) extension: String,
    /// The teams a supervisor leads.
    pub(crate) leads: Vec<u32>,
}

/// A reason of a state, or of a wrap-up where it has no category.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) id: u32,
    pub(crate) category: &'static str,
    pub(crate) code: u32,
    pub(crate) label: String,
    pub(crate) system: bool,
    /// Empty for everybody.
    pub(crate) teams: Vec<u32>,
}

/// All that the server knows.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) users: Vec<User>,
    /// Number and name.
    pub(crate) teams: Vec<(u32, String)>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) wrap_up: Vec<Reason>,
}

impl Population {
    /// So many users, of whom a few are odd.
    pub(crate) fn of(count: u32) -> Self {
        let teams = vec![
            (1, "Sales".to_owned()),
            (2, "Support & Repair".to_owned()),
            (3, "Sales".to_owned()),
            (4, "=Formula".to_owned()),
        ];
        let users = (0..count).map(|number| user(1_001 + number, number)).collect();
        let for_all = |id, category, code, label: &str| Reason {
            id,
            category,
            code,
            label: label.to_owned(),
            system: false,
            teams: Vec::new(),
        };
        let reasons = vec![
            for_all(1, "NOT_READY", 12, "Lunch"),
            for_all(2, "NOT_READY", 13, "<b>Training</b> & more"),
            Reason { teams: vec![2], ..for_all(3, "NOT_READY", 14, "Repair in the field") },
            Reason { system: true, ..for_all(4, "NOT_READY", 32_767, "Call not answered") },
            for_all(5, "LOGOUT", 41, "End of shift"),
            Reason { teams: vec![1, 3], ..for_all(6, "LOGOUT", 43, "Trade fair") },
        ];
        let wrap_up = vec![
            for_all(101, "", 0, "Question answered"),
            Reason { teams: vec![1], ..for_all(102, "", 0, "Order taken") },
            for_all(70_000, "", 0, "An old one"),
        ];
        Self { users, teams, reasons, wrap_up }
    }

    /// The name of a team.
    pub(crate) fn team(&self, id: u32) -> &str {
        let team = self.teams.iter().find(|(other, _)| *other == id);
        team.map(|(_, name)| name.as_str()).unwrap_or_default()
    }
}

fn user(id: u32, number: u32) -> User {
    let mut user = User {
        login_id: id.to_string(),
        first_name: "Agent".to_owned(),
        last_name: id.to_string(),
        roles: vec!["Agent"],
        team: number % 3 + 1,
        ..User::default()
    };
    if number.is_multiple_of(3) {
        user.extension = (id + 1_000).to_string();
    }
    match number {
        3 => user.login_id = "not an id".to_owned(),
        4 => user.first_name = "<script>alert(1)</script>".to_owned(),
        5 => user.first_name = "=cmd()".to_owned(),
        6 => {
            user.roles.push("Supervisor");
            user.roles.push("Administrator");
            user.leads = vec![1, 2];
        }
        // The same person twice, as after a failed move between peripherals.
        8 => user.login_id = "1001".to_owned(),
        9 => user.extension = "line 9".to_owned(),
        10 => user.team = 0,
        11 => user.team = 4,
        _ => {}
    }
    user
}
