create table item(id integer primary key, name text, price real, tag text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into item select i, printf('item-%04d', (i * 7919) % 2003), (i * 37 % 1000) / 8.0, char(97 + i % 5) from n;
create index by_name on item(name);
select count(*), cast(sum(price) as text), min(name), max(name) from item;
select tag, count(*), cast(round(avg(price), 6) as text), group_concat(id, ',') from (select * from item where id < 40) group by tag order by tag;
select name, cast(price as text), rank() over (partition by tag order by price desc, id) from item order by 3, 1 limit 12;
select a.name, b.id from item a join item b on b.id = a.id * 2 where a.price > 120 order by a.name limit 10;
update item set price = price * 1.1 where tag = 'c';
delete from item where id % 3 = 0;
select count(*), printf('%.6f', total(price)) from item;
select json_extract('{"a":[1,{"b":"c"}]}', '$.a[1].b'), upper('straße'), substr('héllo', 2, 3), 7 / 2, 7 % -2, cast(1e300 * 10 as text), typeof(x'00ff');
select hex(zeroblob(4)), cast(abs(-9223372036854775807) as text), cast(round(2.5) as text), instr('haystack', 'st'), replace('aXbX', 'X', '--'), 'a' like 'A', 'abc' glob 'a*';
with recursive f(a, b, n) as (select 0, 1, 0 union all select b, a + b, n + 1 from f where n < 80) select cast(max(a) as text) from f;
select date('2024-02-28', '+2 days'), strftime('%j %W', '2024-12-31'), cast(julianday('2000-01-01') as text);
