select customer, sum(amount) as total
from orders
where amount > 100
group by customer
order by total desc;
