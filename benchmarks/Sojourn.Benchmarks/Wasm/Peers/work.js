// Work of the kinds scripts do; ends with one string.
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
let out = fib(23);
const primes = [];
for (let n = 2; primes.length < 1500; n++) { let prime = true; for (const p of primes) { if (p * p > n) break; if (n % p === 0) { prime = false; break; } } if (prime) primes.push(n); }
out = (out * 31 + primes[1499]) | 0;
const records = [];
for (let i = 0; i < 3000; i++) records.push({ id: i, name: 'item ' + (i * 7919 % 2003), tags: ['a', 'b' + i % 7], price: i * 37 % 1000 / 8 });
const copy = JSON.parse(JSON.stringify(records)).filter(r => r.price > 20).sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id);
out = (out * 31 + copy.length * 7 + copy[500].id) | 0;
const text = copy.map(r => r.name).join(' ').replace(/\b(\w)(\w*)\b/g, (_, a, b) => a.toUpperCase() + b.length);
for (let i = 0; i < text.length; i++) out = Math.imul(out, 33) ^ text.charCodeAt(i);
class Shape { #n; constructor(n) { this.#n = n; } get area() { return this.#n ** 2; } }
let area = 0; for (let i = 0; i < 20000; i++) area += new Shape(i % 10).area;
const typed = new Float64Array(20000).map((_, i) => Math.sin(i) * Math.exp(-i / 1000));
const words = new Map(); for (let i = 0; i < 30000; i++) { const k = 'k' + i % 501; words.set(k, (words.get(k) || 0) + i); }
out = (out + area + Math.round(typed.reduce((a, b) => a + b, 0) * 1e6) + words.get('k77')) | 0;
String(out >>> 0);
