//! Text search over a sealed corpus: ranks the records of a file by BM25 (Robertson and Zaragoza, 2009) for a query.
//!
//!   search CORPUS RESULT HITS WORD…
//!
//! A record is a line of CORPUS. Words are runs of letters and digits, without regard to case. RESULT gets a line for each of the best HITS records: score, line
//! number from 1, a tab between, and nothing of the text: where a guard lets only scores out, the corpus stays where it is.

use std::collections::HashMap;
use std::{env, fs, process};

const K1: f64 = 1.2;
const B: f64 = 0.75;

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(|w| w.to_lowercase()).collect()
}

fn fail(what: &str) -> ! {
    eprintln!("search: {what}");
    process::exit(1)
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if arguments.len() < 5 {
        fail("usage: CORPUS RESULT HITS WORD...")
    }

    let corpus = fs::read(&arguments[1]).unwrap_or_else(|_| fail("the corpus cannot be read"));
    let corpus = String::from_utf8_lossy(&corpus);
    let hits: usize = arguments[3].parse().unwrap_or_else(|_| fail("HITS is a number"));
    let mut query: Vec<String> = arguments[4..].iter().flat_map(|a| words(a)).collect();
    query.sort();
    query.dedup();

    let mut lengths = Vec::new();
    let mut found: HashMap<&str, Vec<(usize, f64)>> = query.iter().map(|w| (w.as_str(), Vec::new())).collect();
    for (line, text) in corpus.lines().enumerate() {
        let terms = words(text);
        for word in &query {
            let times = terms.iter().filter(|t| *t == word).count();
            if times > 0 {
                found.get_mut(word.as_str()).unwrap().push((line, times as f64));
            }
        }
        lengths.push(terms.len() as f64);
    }

    let records = lengths.len() as f64;
    let average = lengths.iter().sum::<f64>() / records.max(1.0);
    let mut scores = vec![0.0f64; lengths.len()];
    // In the order of the query, not of the map: sums of fractions depend on it.
    for word in &query {
        let postings = &found[word.as_str()];
        let n = postings.len() as f64;
        let rarity = (1.0 + (records - n + 0.5) / (n + 0.5)).ln();
        for &(line, times) in postings {
            scores[line] += rarity * times * (K1 + 1.0) / (times + K1 * (1.0 - B + B * lengths[line] / average));
        }
    }

    let mut best: Vec<usize> = (0..scores.len()).filter(|&l| scores[l] > 0.0).collect();
    best.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    best.truncate(hits);
    let text: String = best.iter().map(|&l| format!("{:.6}\t{}\n", scores[l], l + 1)).collect();
    if fs::write(&arguments[2], text).is_err() {
        fail("the result cannot be written")
    }
}
