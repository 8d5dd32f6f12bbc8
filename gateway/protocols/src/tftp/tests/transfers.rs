//! Transfers step by step.

use super::*;

/// A transfer with the file that it sends and a clock.
struct Play {
    transfer: Transfer,
    file: Vec<u8>,
    now: Instant,
}

impl Play {
    fn begin(file: &[u8], mode: Mode, options: Options) -> Self {
        Self::with(TransferSettings::default(), file, mode, options)
    }

    fn with(settings: TransferSettings, file: &[u8], mode: Mode, options: Options) -> Self {
        let now = Instant::now();
        let request = request(mode, options);
        let transfer = Transfer::begin(now, settings, &request, file.len() as u64);
        Self { transfer, file: file.to_vec(), now }
    }

    /// What comes out; what is asked for of the file is handed in.
    fn drain(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        while let Some(output) = self.transfer.poll() {
            let Output::Read { offset, length } = output else {
                outputs.push(output);
                continue;
            };
            let begin = usize::try_from(offset).unwrap();
            self.transfer.handle(self.now, Input::Content(&self.file[begin..begin + length]));
        }
        outputs
    }

    fn receive(&mut self, packet: &[u8]) -> Vec<Output> {
        self.transfer.handle(self.now, Input::Received(packet));
        self.drain()
    }

    fn acknowledge(&mut self, block: u16) -> Vec<Output> {
        self.receive(&acknowledgement(block))
    }

    /// Waits for the deadline, and tells how long that was in milliseconds.
    fn time_out(&mut self) -> (u128, Vec<Output>) {
        let deadline = self.transfer.deadline().expect("it is not over");
        let waited = deadline.saturating_duration_since(self.now).as_millis();
        self.now = self.now.max(deadline);
        self.transfer.handle(self.now, Input::Timer);
        (waited, self.drain())
    }

    /// Acknowledges everything, and tells the blocks' bytes with the lengths of the blocks.
    fn whole(mut self) -> (Vec<u8>, Vec<usize>) {
        let (mut received, mut lengths) = (Vec::new(), Vec::new());
        let mut outputs = self.drain();
        loop {
            let [Output::Send(packet)] = outputs.as_slice() else { panic!("{outputs:?}") };
            let block = match decode(packet) {
                Ok(Packet::Data { block, content }) => {
                    received.extend_from_slice(content);
                    lengths.push(content.len());
                    block
                }
                Ok(Packet::Options(_)) => 0,
                other => panic!("{other:?}"),
            };
            outputs = self.acknowledge(block);
            if outputs == [Output::Closed(Outcome::Done)] {
                return (received, lengths);
            }
        }
    }
}

fn send(packet: impl AsRef<[u8]>) -> Vec<Output> {
    vec![Output::Send(bytes::Bytes::copy_from_slice(packet.as_ref()))]
}

fn again(packet: impl AsRef<[u8]>) -> Vec<Output> {
    vec![Output::SendAgain(bytes::Bytes::copy_from_slice(packet.as_ref()))]
}

#[test]
fn a_file_goes_block_by_block_and_a_short_one_is_the_last() {
    let file: Vec<u8> = (0..1_300).map(|number| number as u8).collect();
    let mut play = Play::begin(&file, Mode::Octet, Options::default());
    assert_eq!(play.drain(), send(data(1, &file[..512])));
    assert_eq!(play.acknowledge(1), send(data(2, &file[512..1024])));
    assert_eq!(play.acknowledge(2), send(data(3, &file[1024..])));
    assert_eq!(play.acknowledge(3), [Output::Closed(Outcome::Done)]);
    assert_eq!(play.transfer.deadline(), None);
    assert_eq!(play.acknowledge(3), []);
}

#[test]
fn a_multiple_of_the_block_ends_with_an_empty_one_and_so_does_an_empty_file() {
    for (length, lengths) in [(0, vec![0]), (512, vec![512, 0]), (1024, vec![512, 512, 0])] {
        let file = vec![7; length];
        let play = Play::begin(&file, Mode::Octet, Options::default());
        assert_eq!(play.whole(), (file, lengths));
    }
}

#[test]
fn options_are_acknowledged_first_and_only_what_was_asked_for() {
    let asked = Options { block_bytes: Some(1_000), timeout_seconds: Some(3), file_bytes: Some(0) };
    let mut play = Play::begin(&[1; 1_500], Mode::Octet, asked);
    assert_eq!(play.drain(), send(b"\0\x06blksize\x001000\0timeout\x003\0tsize\x001500\0"));
    assert_eq!(play.acknowledge(0), send(data(1, &[1; 1_000])));

    let mut play = Play::begin(&[1; 5], Mode::Octet, block_of(65_464));
    assert_eq!(play.drain(), send(b"\0\x06blksize\x001428\0"));
    let asked = Options { file_bytes: Some(0), ..Options::default() };
    let mut play = Play::begin(&[1; 5], Mode::Octet, asked);
    assert_eq!(play.drain(), send(b"\0\x06tsize\x005\0"));
}

#[test]
fn where_nothing_can_be_agreed_to_the_first_block_comes_at_once() {
    let asked = Options { file_bytes: Some(0), ..Options::default() };
    let mut play = Play::begin(b"x", Mode::Netascii, asked);
    assert_eq!(play.drain(), send(data(1, b"x")));
    let mut play = Play::begin(b"", Mode::Octet, asked);
    assert_eq!(play.drain(), send(data(1, b"")));
    let asked = Options { timeout_seconds: Some(31), ..Options::default() };
    let mut play = Play::begin(b"x", Mode::Octet, asked);
    assert_eq!(play.drain(), send(data(1, b"x")));
}

#[test]
fn a_client_that_refuses_our_options_ends_it() {
    let mut play = Play::begin(&[1; 5], Mode::Octet, block_of(1_000));
    play.drain();
    let closed = [Output::Closed(Outcome::Refused(ErrorCode::OPTIONS_REFUSED))];
    assert_eq!(play.receive(b"\0\x05\0\x08no\0"), closed);
}

#[test]
fn text_is_changed_on_its_way_and_lines_may_end_across_blocks() {
    let text = b"one\ntwo\r\nthree\rfour".repeat(20);
    for block in 64..90 {
        let play = Play::begin(&text, Mode::Netascii, block_of(block));
        let (received, lengths) = play.whole();
        assert_eq!(received, b"one\r\ntwo\r\0\r\nthree\r\0four".repeat(20), "{block}");
        let (last, full) = lengths.split_last().unwrap();
        assert!(full.iter().all(|length| *length == usize::from(block)), "{lengths:?}");
        assert!(*last < usize::from(block), "{lengths:?}");
    }
    // Twice as long as the file: what is read for one block fills two.
    let (received, lengths) =
        Play::begin(&[b'\n'; 512], Mode::Netascii, Options::default()).whole();
    assert_eq!((received, lengths), (b"\r\n".repeat(512), vec![512, 512, 0]));
}

#[test]
fn block_numbers_roll_over_to_0() {
    let file: Vec<u8> = (0..64 * 131_080_u32).map(|number| (number / 7) as u8).collect();
    let (received, lengths) = Play::begin(&file, Mode::Octet, block_of(64)).whole();
    assert_eq!(lengths.len(), 131_081);
    assert!(received == file, "other bytes arrived");
}

#[test]
fn an_acknowledgement_that_comes_again_sends_nothing() {
    let file = [9; 2_000];
    let mut play = Play::begin(&file, Mode::Octet, Options::default());
    play.drain();
    assert_eq!(play.acknowledge(1), send(data(2, &file[..512])));
    for _ in 0..5 {
        assert_eq!(play.acknowledge(1), []);
        // Nor does one of a block that was not sent yet, nor anything else.
        assert_eq!(play.acknowledge(3), []);
        assert_eq!(play.acknowledge(0), []);
        assert_eq!(play.receive(&data(2, b"x")), []);
        assert_eq!(play.receive(b"\0\x01a\0octet\0"), []);
        assert_eq!(play.receive(b"\0\x04\0\x02\0"), []);
        assert_eq!(play.receive(b""), []);
    }
    assert_eq!(play.acknowledge(2), send(data(3, &file[..512])));
}

#[test]
fn what_is_not_acknowledged_is_sent_again_later_each_time_and_not_for_ever() {
    let file = [9; 2_000];
    let mut play = Play::begin(&file, Mode::Octet, Options::default());
    play.drain();
    assert_eq!(play.acknowledge(1), send(data(2, &file[..512])));
    for waits in [1_000, 2_000, 4_000, 8_000, 8_000] {
        assert_eq!(play.time_out(), (waits, again(data(2, &file[..512]))));
    }
    assert_eq!(play.time_out(), (8_000, vec![Output::Closed(Outcome::Silent)]));
}

#[test]
fn blocks_that_only_make_it_last_become_the_usual_ones() {
    for (asked, blocks) in [(8, vec![512, 88]), (63, vec![512, 88]), (300, vec![300, 300, 0])] {
        let asked = Options { file_bytes: Some(0), ..block_of(asked) };
        assert_eq!(Play::begin(&[1; 600], Mode::Octet, asked).whole().1, blocks);
    }
    let mut play = Play::begin(&[1; 5], Mode::Octet, block_of(8));
    assert_eq!(play.drain(), send(data(1, &[1; 5])));
}

#[test]
fn a_client_that_answers_slower_than_the_least_pace_is_not_served_for_ever() {
    let settings = TransferSettings {
        pace_bytes_per_second_min: 512,
        grace: Duration::from_secs(20),
        ..TransferSettings::default()
    };
    let told = b"\0\x05\0\0that takes too long\0".as_slice();
    let slow = |every: Duration| {
        let mut play = Play::with(settings, &[9; 512 * 60], Mode::Octet, Options::default());
        let began = play.now;
        play.drain();
        for block in 1..=61 {
            let due = play.now + every;
            while play.transfer.deadline().is_some_and(|deadline| deadline <= due) {
                let (_, outputs) = play.time_out();
                if outputs.last() == Some(&Output::Closed(Outcome::Slow)) {
                    assert_eq!(outputs.first(), Some(&Output::Send(told.into())));
                    return Err((play.now - began, block - 1));
                }
            }
            play.now = due;
            play.acknowledge(block);
        }
        assert_eq!(play.transfer.deadline(), None);
        Ok(play.now - began)
    };
    // As fast as it must be, and a grace.
    assert_eq!(slow(Duration::from_secs(1)), Ok(Duration::from_secs(61)));
    // After n blocks it has 20 s and n more: the eighteenth comes at 36 s, and the next would too late.
    assert_eq!(slow(Duration::from_secs(2)), Err((Duration::from_secs(38), 18)));
    assert_eq!(slow(Duration::from_secs(8)), Err((Duration::from_secs(22), 2)));
}

#[test]
fn one_that_keeps_talking_ends_too() {
    let mut play = Play::begin(&[9; 5_000], Mode::Octet, Options::default());
    play.drain();
    play.acknowledge(1);
    assert_eq!(play.transfer.acknowledged_bytes(), 512);
    play.now += Duration::from_secs(120);
    assert_eq!(play.acknowledge(1), []);
    play.now += Duration::from_secs(1);
    assert_eq!(play.acknowledge(1).last(), Some(&Output::Closed(Outcome::Slow)));
}

#[test]
fn progress_makes_it_patient_again() {
    let file = [9; 2_000];
    let mut play = Play::begin(&file, Mode::Octet, Options::default());
    play.drain();
    play.acknowledge(1);
    for _ in 0..3 {
        play.time_out();
    }
    play.acknowledge(2);
    assert_eq!(play.time_out(), (1_000, again(data(3, &file[..512]))));
}

#[test]
fn a_timer_that_comes_early_sends_nothing() {
    let mut play = Play::begin(b"x", Mode::Octet, Options::default());
    play.drain();
    play.now += Duration::from_millis(999);
    play.transfer.handle(play.now, Input::Timer);
    assert_eq!(play.drain(), []);
}

#[test]
fn whoever_was_never_heard_gets_two_small_packets() {
    let options = Options { timeout_seconds: Some(30), ..block_of(1_428) };
    for options in [Options::default(), options] {
        let mut play = Play::begin(&[9; 5_000], Mode::Octet, options);
        let outputs = play.drain();
        let [Output::Send(first)] = outputs.as_slice() else { panic!("{outputs:?}") };
        assert!(first.len() <= UNHEARD_BYTES_MAX);
        assert_eq!(play.time_out(), (1_000, again(first)));
        assert_eq!(play.time_out(), (8_000, vec![Output::Closed(Outcome::Unheard)]));
    }
}

#[test]
fn the_timeout_that_was_agreed_to_counts_once_the_client_was_heard() {
    let options = Options { timeout_seconds: Some(10), ..Options::default() };
    let mut play = Play::begin(b"x", Mode::Octet, options);
    play.drain();
    play.acknowledge(0);
    for _ in 0..5 {
        assert_eq!(play.time_out().0, 10_000);
    }
}

#[test]
fn a_stranger_is_told_so_and_disturbs_nothing() {
    let mut play = Play::begin(&[9; 600], Mode::Octet, Options::default());
    play.drain();
    let stranger = |play: &mut Play, packet: &[u8]| {
        play.transfer.handle(play.now, Input::Stranger(packet));
        play.drain()
    };
    let told = b"\0\x05\0\x05unknown transfer\0".as_slice();
    for _ in 0..8 {
        let expected = [Output::SendToStranger(told.into())];
        assert_eq!(stranger(&mut play, &acknowledgement(1)), expected);
        assert_eq!(stranger(&mut play, b"\0\x05\0\0I end it\0"), []);
    }
    assert_eq!(stranger(&mut play, &acknowledgement(1)), []);
    assert!(!play.transfer.is_heard());
    assert_eq!(play.acknowledge(1), send(data(2, &[9; 88])));
}

#[test]
fn a_file_that_cannot_be_read_ends_it_and_the_client_is_told() {
    let settings = TransferSettings::default();
    let options = Options::default();
    for input in [Input::Unreadable, Input::Content(b"too short")] {
        let mut transfer =
            Transfer::begin(Instant::now(), settings, &request(Mode::Octet, options), 600);
        assert_eq!(transfer.poll(), Some(Output::Read { offset: 0, length: 512 }));
        let now = transfer.deadline().unwrap();
        transfer.handle(now, input);
        let told = b"\0\x05\0\0the file cannot be read\0".as_slice();
        assert_eq!(transfer.poll(), Some(Output::Send(told.into())));
        assert_eq!(transfer.poll(), Some(Output::Closed(Outcome::Unreadable)));
    }
}

#[test]
fn a_file_that_takes_too_long_to_read_ends_it() {
    let now = Instant::now();
    let settings = TransferSettings::default();
    let mut transfer = Transfer::begin(now, settings, &request(Mode::Octet, Options::default()), 9);
    assert_eq!(transfer.deadline(), Some(now + settings.reading_max));
    transfer.handle(now + settings.reading_max, Input::Timer);
    let closed = std::iter::from_fn(|| transfer.poll()).last();
    assert_eq!(closed, Some(Output::Closed(Outcome::Unreadable)));
}

#[test]
fn content_of_files_is_not_printed() {
    let mut play = Play::begin(b"a secret", Mode::Octet, Options::default());
    play.drain();
    assert_eq!(format!("{:?}", play.transfer), "Transfer { block: 1, is_heard: false, .. }");
}
