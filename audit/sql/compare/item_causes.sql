-- Why findings of a reported run moved, by their item's own row: a waiver, a row loaded since, a row replaced since.
INSERT INTO causes
SELECT finding_id, 0, 'waiver', NULL, NULL FROM temp.moved_now WHERE outcome_then IS NOT NULL
UNION ALL
SELECT m.finding_id, 1, CASE WHEN x.source_id IS NULL THEN 'late_row' ELSE 'replaced_row' END, m.item_table, m.source_id
FROM temp.moved_now AS m
SEMI JOIN temp.newer AS w ON w.source_id = m.source_id
LEFT JOIN (SELECT DISTINCT item_table, source_id, source_row FROM temp.corrected) AS x
  ON x.item_table = m.item_table AND x.source_id = m.source_id AND x.source_row = m.source_row
UNION ALL
SELECT m.finding_id, 1, 'replaced_row', m.item_table, x.source_id
FROM temp.moved_then AS m
JOIN temp.corrected AS x ON x.item_table = m.item_table AND x.old_id = m.source_id AND x.old_row = m.source_row
