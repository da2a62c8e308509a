select customer, sum(amount) as total
from orders
group by customer
having sum(amount) > 100
order by total desc;
