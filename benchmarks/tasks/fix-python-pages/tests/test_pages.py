import unittest

from pages import pages


class Pages(unittest.TestCase):
    def test_full_pages(self):
        self.assertEqual(pages([1, 2, 3, 4], 2), [[1, 2], [3, 4]])

    def test_a_last_page_that_is_not_full(self):
        self.assertEqual(pages([1, 2, 3], 2), [[1, 2], [3]])
        self.assertEqual(pages([1], 5), [[1]])

    def test_nothing(self):
        self.assertEqual(pages([], 3), [])
