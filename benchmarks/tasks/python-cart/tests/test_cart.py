import unittest

from cart import total


class Cart(unittest.TestCase):
    def test_the_sum(self):
        self.assertEqual(total([(2, 3), (5, 1)]), 11)
        self.assertEqual(total([]), 0)

    def test_a_discount_in_percent(self):
        self.assertEqual(total([(50, 2)], 10), 90)
        self.assertEqual(total([(50, 2)], discount=0), 100)

    def test_a_quantity_below_zero(self):
        with self.assertRaises(ValueError):
            total([(2, -1)])
