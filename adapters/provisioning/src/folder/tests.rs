//! Files as phones ask for them, in folders as they are and as they should not be.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A folder of one test.
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-provisioning-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("files")).unwrap();
        Self { path }
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.files().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // As whoever cares for it does: whole or not at all.
        let other = path.with_extension("new");
        std::fs::write(&other, content).unwrap();
        std::fs::rename(&other, &path).unwrap();
    }

    pub(super) fn open(&self, name: &str) -> Opened {
        Beneath::new(self.files(), u64::MAX).open(&Name::of_file(name)).unwrap_or_else(|_| panic!())
    }

    pub(crate) fn served(&self, file_bytes_max: u64) -> (Arc<FolderFiles>, Metrics) {
        let metrics = Metrics::new();
        let elements: Elements = Arc::new(|device, address| {
            let listed = ["SEP001122AABBCC", "CSFanna", "SEP00112233DDEE"];
            let url = || format!("https://gw.example:9444/headset/{device}?from={address}");
            listed.contains(&device.as_str()).then(|| vec![("discoveryURL", url())])
        });
        (FolderFiles::new(self.files(), file_bytes_max, elements, &metrics), metrics)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

pub(crate) const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

async fn get(files: &FolderFiles, name: &str, by: Via) -> Result<String, NotServed> {
    let file = files.open(SOURCE, name, by).await?;
    let bytes = file.piece(0, usize::MAX).await.unwrap();
    assert_eq!(bytes.len() as u64, file.length());
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

fn with_element(before: &str, device: &str, after: &str) -> String {
    let url = format!("https://gw.example:9444/headset/{device}?from=192.0.2.7");
    format!("{before}<discoveryURL>{url}</discoveryURL>{after}")
}

#[tokio::test]
async fn hst_11_a_listed_devices_file_holds_our_elements_and_others_are_as_they_are() {
    let place = Place::new();
    place.write("SEP001122AABBCC.cnf.xml", "<device><a/></device>");
    place.write("CSFanna.cnf.xml", "<device><discoveryURL>old</discoveryURL></device>");
    place.write("SEP000000000001.cnf.xml", "<device>unlisted</device>");
    place.write("XMLDefault.cnf.xml", "<Default/>");
    place.write("dialplan.xml", "<DIALTEMPLATE/>");
    place.write("Desktops/320x212x12/List.xml", "<CiscoIPPhoneImageList/>");
    let (files, _) = place.served(u64::MAX);
    for by in [Via::Tftp, Via::Http, Via::Https] {
        let merged = with_element("<device><a/>", "SEP001122AABBCC", "</device>");
        for name in
            ["SEP001122AABBCC.cnf.xml", "/SEP001122AABBCC.cnf.xml", "sep001122aabbcc.cnf.xml"]
        {
            assert_eq!(get(&files, name, by).await.as_ref(), Ok(&merged), "{name} {by:?}");
        }
        let merged = with_element("<device>", "CSFanna", "</device>");
        assert_eq!(get(&files, "CSFanna.cnf.xml", by).await, Ok(merged));
        for (name, content) in [
            ("SEP000000000001.cnf.xml", "<device>unlisted</device>"),
            ("XMLDefault.cnf.xml", "<Default/>"),
            ("dialplan.xml", "<DIALTEMPLATE/>"),
            ("Desktops/320x212x12/List.xml", "<CiscoIPPhoneImageList/>"),
        ] {
            assert_eq!(get(&files, name, by).await.as_deref(), Ok(content));
        }
    }
}

#[tokio::test]
async fn hst_11_files_on_disk_may_be_spelt_otherwise_too() {
    let place = Place::new();
    place.write("sep001122aabbcc.cnf.xml", "<device>lower</device>");
    let (files, _) = place.served(u64::MAX);
    let merged = with_element("<device>lower", "SEP001122AABBCC", "</device>");
    assert_eq!(get(&files, "SEP001122AABBCC.cnf.xml", Via::Http).await, Ok(merged));
}

#[tokio::test]
async fn hst_11_a_listed_device_without_a_file_gets_one_made_from_the_default() {
    let place = Place::new();
    let (files, _) = place.served(u64::MAX);
    let name = "sep00112233ddee.cnf.xml";
    assert_eq!(get(&files, name, Via::Tftp).await, Err(NotServed::Unknown));
    place.write(DEFAULT_FILE, "<device><n>#DEVICENAME#</n>#DEVICENAME</device>");
    let made =
        with_element("<device><n>SEP00112233DDEE</n>#DEVICENAME", "SEP00112233DDEE", "</device>");
    assert_eq!(get(&files, name, Via::Tftp).await, Ok(made));
    let unlisted = get(&files, "SEP000000000002.cnf.xml", Via::Tftp).await;
    assert_eq!(unlisted, Err(NotServed::Unknown));
}

#[tokio::test]
async fn hst_11_signed_names_give_unsigned_content_over_https_alone() {
    let place = Place::new();
    place.write("SEP001122AABBCC.cnf.xml", "<device></device>");
    let (files, _) = place.served(u64::MAX);
    let name = "SEP001122AABBCC.cnf.xml.sgn";
    let merged = with_element("<device>", "SEP001122AABBCC", "</device>");
    assert_eq!(get(&files, name, Via::Https).await.as_ref(), Ok(&merged));
    assert_eq!(get(&files, name, Via::Http).await, Err(NotServed::Unknown));
    assert_eq!(get(&files, name, Via::Tftp).await, Err(NotServed::Unknown));
    // One that somebody signed is never touched.
    place.write(name, "signed<device></device>");
    assert_eq!(get(&files, name, Via::Https).await, Ok(merged));
    assert_eq!(get(&files, name, Via::Http).await.as_deref(), Ok("signed<device></device>"));
    for missing in ["CTLSEP001122AABBCC.tlv", "ITLSEP001122AABBCC.tlv", "ITLFile.tlv"] {
        assert_eq!(get(&files, missing, Via::Http).await, Err(NotServed::Unknown));
    }
}

#[tokio::test]
async fn hst_11_what_cannot_be_merged_into_is_served_as_it_is_and_counted() {
    let place = Place::new();
    let (files, metrics) = place.served(u64::MAX);
    for content in [
        "<device>",
        "<Default/>",
        "<device><discoveryURL/><discoveryURL/></device>",
        "<!DOCTYPE device><device/>",
        "",
    ] {
        place.write("CSFanna.cnf.xml", content);
        assert_eq!(get(&files, "CSFanna.cnf.xml", Via::Http).await.as_deref(), Ok(content));
    }
    let text = String::from_utf8(metrics.text()).unwrap();
    assert!(text.contains("jackfield_provisioning_unmerged_total 5"), "{text}");
    assert!(text.contains(r#"files_total{by="http",result="served"} 5"#), "{text}");
    assert!(text.contains(r#"files_total{by="tftp",result="unknown"} 0"#), "{text}");
}

#[tokio::test]
async fn hst_11_a_changed_file_is_served_changed() {
    let place = Place::new();
    let (files, _) = place.served(u64::MAX);
    for number in 0..20 {
        place.write("CSFanna.cnf.xml", &format!("<device>{}</device>", number % 10));
        let merged = with_element(&format!("<device>{}", number % 10), "CSFanna", "</device>");
        assert_eq!(get(&files, "CSFanna.cnf.xml", Via::Tftp).await, Ok(merged));
    }
}

#[tokio::test]
async fn hst_11_nothing_outside_the_folder_is_reached() {
    let place = Place::new();
    std::fs::write(place.path.join("secret"), "secret").unwrap();
    place.write("inside", "inside");
    place.write("folder/inside", "inside");
    let files = place.files();
    symlink("../secret", files.join("link")).unwrap();
    symlink("inside", files.join("link-inside")).unwrap();
    symlink("..", files.join("up")).unwrap();
    symlink(place.path.join("secret"), files.join("SEP001122AABBCC.cnf.xml")).unwrap();
    std::fs::write(files.join(".hidden"), "hidden").unwrap();
    let (served, _) = place.served(u64::MAX);
    for (name, error) in [
        ("../secret", NotServed::BadName),
        ("/../secret", NotServed::BadName),
        ("folder/../../secret", NotServed::BadName),
        ("/etc/passwd", NotServed::Unknown),
        ("//etc/passwd", NotServed::BadName),
        ("etc\\passwd", NotServed::BadName),
        (".hidden", NotServed::BadName),
        ("inside\0.xml", NotServed::BadName),
        ("link", NotServed::Forbidden),
        ("link-inside", NotServed::Forbidden),
        ("SEP001122AABBCC.cnf.xml", NotServed::Forbidden),
        ("up/secret", NotServed::Unknown),
        ("up/files/inside", NotServed::Unknown),
        ("folder", NotServed::Unknown),
        ("inside/inside", NotServed::Unknown),
    ] {
        assert_eq!(get(&served, name, Via::Tftp).await, Err(error), "{name}");
    }
    assert_eq!(get(&served, "folder/inside", Via::Tftp).await.as_deref(), Ok("inside"));
}

#[tokio::test]
async fn hst_11_what_is_no_file_or_too_large_is_not_served() {
    let place = Place::new();
    place.write("large", &"x".repeat(1_001));
    place.write("right", &"x".repeat(1_000));
    let path = place.files().join("pipe");
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    );
    made.unwrap();
    let (served, _) = place.served(1_000);
    assert_eq!(get(&served, "large", Via::Http).await, Err(NotServed::TooLarge));
    assert_eq!(get(&served, "right", Via::Http).await.unwrap().len(), 1_000);
    assert_eq!(get(&served, "pipe", Via::Http).await, Err(NotServed::Unknown));
    let (served, _) = place.served(u64::MAX);
    place.write("CSFanna.cnf.xml", &" ".repeat(protocols::device_file::BYTES_MAX + 1));
    assert_eq!(get(&served, "CSFanna.cnf.xml", Via::Http).await, Err(NotServed::TooLarge));
}

#[tokio::test]
async fn hst_11_a_folder_that_is_away_is_told_apart_from_a_missing_file() {
    let place = Place::new();
    let (served, _) = place.served(u64::MAX);
    std::fs::remove_dir(place.files()).unwrap();
    assert_eq!(get(&served, "a", Via::Http).await, Err(NotServed::Unreadable));
    // It may come back, and be a link.
    let other = place.path.join("other");
    std::fs::create_dir(&other).unwrap();
    symlink(&other, place.files()).unwrap();
    place.write("a", "there");
    assert_eq!(get(&served, "a", Via::Http).await.as_deref(), Ok("there"));
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_told() {
    let place = Place::new();
    place.write("closed", "secret");
    let path = place.files().join("closed");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::File::open(Path::new(&path)).is_ok() {
        println!("not permitted here: this user reads what nobody may");
        return;
    }
    let (served, _) = place.served(u64::MAX);
    assert_eq!(get(&served, "closed", Via::Http).await, Err(NotServed::Unreadable));
}
