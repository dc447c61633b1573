-- The findings of a reported run that moved, counted by how and why: of several causes the nearest to the item counts.
WITH nearest AS (
  SELECT finding_id, cause, item_table, source_id FROM (
    SELECT *, row_number() OVER (
      PARTITION BY finding_id ORDER BY rank, source_id, item_table, cause) AS place
    FROM temp.causes
  ) WHERE place = 1
),
moved AS (
  SELECT finding_id, outcome_then, outcome AS outcome_now, reason FROM temp.moved_now
  UNION ALL
  SELECT finding_id, outcome, NULL, reason FROM temp.moved_then
)
SELECT CAST(m.outcome_then AS VARCHAR), CAST(m.outcome_now AS VARCHAR), m.reason,
  coalesce(n.cause, $otherwise) AS cause, n.item_table, w.path, count(*)
FROM moved AS m
LEFT JOIN nearest AS n ON n.finding_id = m.finding_id
LEFT JOIN temp.newer AS w ON w.source_id = n.source_id
GROUP BY ALL ORDER BY ALL
