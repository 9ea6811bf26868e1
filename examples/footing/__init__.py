"""What new digits are compared with, alike for every row: the sets of images, the rows, the measures, the table."""
