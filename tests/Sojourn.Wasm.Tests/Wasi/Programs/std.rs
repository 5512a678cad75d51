// What Rust's standard library asks of WASI: arguments, environment, files, directories, clocks, waiting, randomness, input, the end.
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn files() -> io::Result<()> {
    fs::create_dir("/d")?;
    fs::create_dir_all("/d/e/f")?;
    fs::write("/d/one.txt", "one\ntwo\nthree\n")?;
    println!("{:?}", fs::read_to_string("/d/one.txt")?.lines().collect::<Vec<_>>());
    let mut file = OpenOptions::new().read(true).write(true).create(true).open("/d/two.bin")?;
    for i in 0..5000u32 {
        file.write_all(&(i.wrapping_mul(2654435761)).to_le_bytes())?;
    }
    file.seek(SeekFrom::Start(4 * 1234))?;
    let mut word = [0; 4];
    file.read_exact(&mut word)?;
    println!("{} {}", u32::from_le_bytes(word), file.metadata()?.len());
    file.set_len(10)?;
    file.sync_all()?;
    println!("{}", fs::metadata("/d/two.bin")?.len());
    let mut appended = OpenOptions::new().append(true).open("/d/one.txt")?;
    writeln!(appended, "four")?;
    println!("{}", BufReader::new(File::open("/d/one.txt")?).lines().count());
    fs::rename("/d/one.txt", "/d/e/renamed")?;
    fs::copy("/d/e/renamed", "/d/copy")?;
    fs::hard_link("/d/copy", "/d/e/linked")?;
    let mut names: Vec<_> = fs::read_dir("/d")?.map(|x| x.map(|x| (x.file_name(), x.file_type().map(|t| t.is_dir()).ok()))).collect::<Result<_, _>>()?;
    names.sort();
    println!("{:?}", names);
    for (name, result) in [("absent", fs::read("/absent").map(|_| ())), ("there", fs::create_dir("/d")), ("full", fs::remove_dir("/d/e")), ("directory", fs::remove_file("/d"))] {
        println!("{} {:?}", name, result.map_err(|x| match x.kind() { ErrorKind::NotFound => "NotFound", ErrorKind::AlreadyExists => "AlreadyExists", _ => "Other" }));
    }
    fs::remove_file("/d/e/renamed")?;
    fs::remove_file("/d/e/linked")?;
    fs::remove_dir_all("/d")?;
    println!("{}", fs::metadata("/d").is_err());
    Ok(())
}

fn main() {
    println!("{:?}", std::env::args().skip(1).collect::<Vec<_>>());
    println!("{:?} {:?}", std::env::var("HOME"), std::env::var("ABSENT").is_err());
    if let Err(fault) = files() {
        println!("files: {}", fault);
    }

    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    println!("{} {}", before.elapsed() >= Duration::from_millis(20), SystemTime::now() > SystemTime::UNIX_EPOCH);
    let mut words: HashMap<String, usize> = HashMap::new();
    let stdin = io::stdin();
    for line in stdin.lock().lines() {
        for word in line.unwrap().split_whitespace() {
            *words.entry(word.to_string()).or_default() += 1;
        }
    }
    println!("{:?}", words.into_iter().collect::<BTreeMap<_, _>>());
    let mut numbers: Vec<f64> = (0..2000).map(|i| ((i * 7919) % 2003) as f64 / 7.0).collect();
    numbers.sort_by(|a, b| b.partial_cmp(a).unwrap());
    println!("{:.6} {:e} {:?}", numbers.iter().sum::<f64>(), numbers[17], &numbers[..3]);
    println!("{:x}", (1..=30u128).product::<u128>());
    println!("{:?}", std::panic::catch_unwind(|| 5).is_ok());
    let divisor = std::env::args().count() as i32 - 3;
    println!("{:?} {:?}", 7i32.checked_div(divisor), i32::MIN.wrapping_div(-1));
    io::stdout().flush().unwrap();
    std::process::exit(7);
}
