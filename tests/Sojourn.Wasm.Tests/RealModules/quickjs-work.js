// Work of the kinds scripts do; ends with one string.
const out = [];
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
out.push(fib(21));
const primes = [];
for (let n = 2; primes.length < 500; n++) if (primes.every(p => n % p)) primes.push(n);
out.push(primes[499], primes.reduce((a, b) => (a * 31 + b) | 0, 7));
out.push(JSON.stringify(JSON.parse('{"a":[1,2.5,-3e-7,null,true,"\\u00e9\\n"],"b":{"c":[]}}')));
out.push('the quick brown fox jumps over the lazy dog'.replace(/\b(\w)(\w*)\b/g, (_, a, b) => a.toUpperCase() + b.length));
out.push([...'aβ€😀'].map(c => c.codePointAt(0).toString(16)).join());
out.push((2n ** 200n % 1000000007n).toString(), (-7n / 2n).toString());
class Shape { #n; constructor(n) { this.#n = n; } get area() { return this.#n ** 2; } static of(...n) { return n.map(x => new Shape(x)); } }
out.push(Shape.of(1, 2, 3.5).map(s => s.area).join());
function* numbers() { let i = 0; while (true) { const got = yield i++; if (got) i = got; } }
const g = numbers(); g.next(); g.next(); out.push(g.next(40).value, g.next().value);
try { null.x; } catch (e) { out.push(e.constructor.name, e.message); }
out.push(Object.entries(Object.groupBy ? { has: 1 } : { has: 0 }).join(), new Map([[NaN, 1]]).get(NaN));
const typed = new Float64Array(64).map((_, i) => Math.sin(i) * Math.exp(-i / 10)); out.push(typed.reduce((a, b) => a + b, 0));
out.push([0.1 + 0.2, 1 / 3, 1e21, 123456789.123, -0, 5e-324, (25).toString(36), (0.5).toFixed(3), (1e-10).toPrecision(3)].join());
out.push(new Date(86400000 * 365).toISOString(), 'ß'.toUpperCase(), 'İ'.toLowerCase().length, 'ﬁ'.normalize('NFKD'));
const words = {}; for (const w of 'a b a c b a'.split(' ')) words[w] = (words[w] || 0) + 1; out.push(JSON.stringify(words));
let h = 5381; for (let i = 0; i < 20000; i++) h = Math.imul(h, 33) ^ i; out.push(h >>> 0);
out.push([5, 1, 4, 2, 3].sort((a, b) => a - b).join(''), [..."hello"].reverse().join(''), /(?<y>\d{4})-(?<m>\d\d)/.exec('on 2024-05-06').groups.m);
out.join('|');
