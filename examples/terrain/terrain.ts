// Image processing: reads a grid of heights (JSON with width, height and values) and writes two pictures (PGM, P5): the heights smoothed by a 3x3 Gaussian, and a relief lit
// from the north-west; and a histogram of the smoothed heights in 16 classes.
//
// AssemblyScript without its runtime: memory comes from a pointer that only grows, and the system interface is declared by hand.

@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, vectors: usize, count: i32, read: usize): i32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(fd: i32, lookup: i32, path: usize, length: usize, flags: i32, rights: u64, inheriting: u64, fdFlags: i32, opened: usize): i32;
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: i32): i32;
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: i32): void;

const SCRATCH: usize = 16;
const TEXT: usize = 1 << 16;
const TEXT_MAX: usize = 4 << 20;
const CELLS_MAX: i32 = 1 << 20;
const HEIGHTS: usize = TEXT + TEXT_MAX;
const SMOOTH: usize = HEIGHTS + 4 * (1 << 20);
const PICTURE: usize = SMOOTH + 4 * (1 << 20);
const PAGES: i32 = 320;

let length: usize = 0;
let width: i32 = 0;
let height: i32 = 0;

function must(error: i32): void {
  if (error != 0) proc_exit(1);
}

function open(directory: i32, name: string, create: bool): i32 {
  const bytes = SCRATCH + 64;
  for (let i = 0; i < name.length; i++) store<u8>(bytes + i, <u8>name.charCodeAt(i));
  must(path_open(directory, 0, bytes, name.length, create ? 9 : 0, create ? 64 : 2, 0, 0, SCRATCH + 32));
  return load<i32>(SCRATCH + 32);
}

function readAll(): void {
  const fd = open(3, "table", false);
  for (;;) {
    store<usize>(SCRATCH, TEXT + length);
    store<usize>(SCRATCH + 4, TEXT_MAX - length);
    must(fd_read(fd, SCRATCH, 1, SCRATCH + 8));
    const n = load<u32>(SCRATCH + 8);
    if (n == 0) break;
    length += n;
    if (length >= TEXT_MAX) proc_exit(2);
  }
  must(fd_close(fd));
}

function writeAll(fd: i32, from: usize, size: usize): void {
  while (size > 0) {
    store<usize>(SCRATCH, from);
    store<usize>(SCRATCH + 4, size);
    must(fd_write(fd, SCRATCH, 1, SCRATCH + 8));
    const n = load<u32>(SCRATCH + 8);
    from += n;
    size -= n;
  }
}

// The text after a key and its colon; 0 where the key is not there.
function after(key: string): usize {
  for (let at: usize = TEXT; at < TEXT + length; at++) {
    if (load<u8>(at) != 34) continue;
    let same = true;
    for (let i = 0; i < key.length && same; i++) same = load<u8>(at + 1 + i) == <u8>key.charCodeAt(i);
    if (same && load<u8>(at + 1 + key.length) == 34) return at + 2 + key.length;
  }
  return 0;
}

// The weights 1, 2, 1 of a Gaussian's row.
function weight(d: i32): f32 {
  return d == 0 ? 2 : 1;
}

let at: usize = 0;

// The next number at or after `at`, with a sign and a fraction; sets `at` behind it. NaN at the end of the list.
function number(): f64 {
  while (at < TEXT + length) {
    const c = load<u8>(at);
    if (c == 93) return NaN;
    if (c == 45 || (c >= 48 && c <= 57)) break;
    at++;
  }
  if (at >= TEXT + length) return NaN;
  const negative = load<u8>(at) == 45;
  if (negative) at++;
  let value: f64 = 0, scale: f64 = 0;
  for (; at < TEXT + length; at++) {
    const c = load<u8>(at);
    if (c == 46 && scale == 0) { scale = 1; continue; }
    if (c < 48 || c > 57) break;
    value = value * 10 + <f64>(c - 48);
    scale *= 10;
  }
  if (scale > 1) value /= scale;
  return negative ? -value : value;
}

function cell(base: usize, x: i32, y: i32): f32 {
  x = max(0, min(width - 1, x));
  y = max(0, min(height - 1, y));
  return load<f32>(base + 4 * (y * width + x));
}

function put(text: usize, value: i32): usize {
  let digits = 1;
  for (let v = value; v >= 10; v /= 10) digits++;
  for (let i = digits - 1; i >= 0; i--) { store<u8>(text + i, <u8>(48 + value % 10)); value /= 10; }
  return text + digits;
}

function picture(name: string): void {
  const fd = open(4, name, true);
  let end = SCRATCH + 256;
  store<u8>(end, 80); store<u8>(end + 1, 53); store<u8>(end + 2, 10);
  end = put(end + 3, width); store<u8>(end++, 32);
  end = put(end, height); store<u8>(end++, 10);
  end = put(end, 255); store<u8>(end++, 10);
  writeAll(fd, SCRATCH + 256, end - SCRATCH - 256);
  writeAll(fd, PICTURE, width * height);
  must(fd_close(fd));
}

export function _start(): void {
  if (memory.grow(PAGES) < 0) proc_exit(3);
  readAll();
  at = after("width"); width = <i32>number();
  at = after("height"); height = <i32>number();
  at = after("values");
  if (width < 2 || height < 2 || width > CELLS_MAX / height) proc_exit(2);
  const cells = width * height;
  for (let i = 0; i < cells; i++) {
    const value = number();
    if (isNaN(value)) proc_exit(2);
    store<f32>(HEIGHTS + 4 * i, <f32>value);
  }

  let lowest: f32 = f32.MAX_VALUE, highest: f32 = -f32.MAX_VALUE;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum: f32 = 0;
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += cell(HEIGHTS, x + dx, y + dy) * weight(dx) * weight(dy);
      sum /= 16;
      store<f32>(SMOOTH + 4 * (y * width + x), sum);
      lowest = min(lowest, sum);
      highest = max(highest, sum);
    }
  }

  const range: f32 = highest > lowest ? highest - lowest : <f32>1;
  const classes = SCRATCH + 512;
  for (let i = 0; i < 16; i++) store<i32>(classes + 4 * i, 0);
  for (let i = 0; i < cells; i++) {
    const share = (load<f32>(SMOOTH + 4 * i) - lowest) / range;
    store<u8>(PICTURE + i, <u8>(share * 255));
    const c = classes + 4 * min(15, <i32>(share * 16));
    store<i32>(c, load<i32>(c) + 1);
  }
  picture("heights.pgm");

  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const east = cell(SMOOTH, x + 1, y) - cell(SMOOTH, x - 1, y), south = cell(SMOOTH, x, y + 1) - cell(SMOOTH, x, y - 1);
      const light = (<f32>2 + east + south) / sqrt<f32>(<f32>3 * (<f32>4 + east * east + south * south));
      store<u8>(PICTURE + y * width + x, <u8>(max(<f32>0, min(<f32>1, light)) * 255));
    }
  }
  picture("relief.pgm");

  const fd = open(4, "histogram.txt", true);
  for (let i = 0; i < 16; i++) {
    const end = put(SCRATCH + 256, load<i32>(classes + 4 * i));
    store<u8>(end, 10);
    writeAll(fd, SCRATCH + 256, end + 1 - SCRATCH - 256);
  }
  must(fd_close(fd));
}
