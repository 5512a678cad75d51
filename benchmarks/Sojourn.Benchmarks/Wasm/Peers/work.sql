create table item(id integer primary key, name text, price real, tag text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
insert into item select i, printf('item-%05d', (i * 7919) % 20011), (i * 37 % 1000) / 8.0, char(97 + i % 5) from n;
create index by_name on item(name);
create index by_tag on item(tag, price);
select tag, count(*), avg(price), min(name), max(name) from item group by tag;
select count(*) from item a join item b on b.id = a.id * 2 where a.price > 60;
select sum(r) from (select rank() over (partition by tag order by price desc, id) as r from item);
update item set price = price * 1.1 where tag in ('c', 'd');
delete from item where id % 3 = 0;
select count(*) from item where name like '%7%' and instr(name, '42') > 0;
with recursive f(a, b, n) as (select 0, 1, 0 union all select b, (a + b) % 1000000007, n + 1 from f where n < 20000) select max(a) from f;
select count(*) || '/' || cast(round(total(price)) as integer) from item;
