-- A request made anew, under another name after the approval, waits anew: what was decided before is none of its own.
-- Otherwise a denial that ends a probation, or stops an approval or a reversal, ends no waiting time.
DROP VIEW decision_tallies;
--> statement-breakpoint
CREATE VIEW decision_tallies (seq, day, what) AS
WITH decisions AS (
  SELECT d.seq, strftime('%Y-%m-%d', d.at / 1000, 'unixepoch') AS day, CASE d.kind WHEN 'denied' THEN 'denied' ELSE 'approved' END AS verdict,
    d.moderator_id, json_extract(d.detail, '$.category') AS category,
    CASE WHEN d.kind <> 'reopened' AND json_extract(d.detail, '$.invitation') IS NULL
        AND (d.kind = 'approved' OR json_extract(d.detail, '$.probation') IS NULL AND coalesce((SELECT e.kind FROM events e
          WHERE e.registration_id = d.registration_id AND e.seq < d.seq
            AND +e.kind IN ('requested', 'approved', 'denied', 'reopened', 'approved_anew', 'undone')
          ORDER BY e.seq DESC LIMIT 1), 'requested') IN ('requested', 'undone'))
      THEN max(d.at - (SELECT r.at FROM events r WHERE r.registration_id = d.registration_id AND +r.kind = 'requested' AND r.seq < d.seq
      ORDER BY r.seq DESC LIMIT 1), 0) / 60000 END AS minutes
  FROM events d WHERE d.kind IN ('approved', 'denied', 'reopened')
)
SELECT seq, day, 'decided:' || verdict FROM decisions
UNION ALL SELECT seq, day, 'by:' || moderator_id FROM decisions WHERE moderator_id IS NOT NULL
UNION ALL SELECT seq, day, 'category:' || coalesce(category, '') FROM decisions WHERE verdict = 'denied'
UNION ALL SELECT seq, day, 'wait:' || CASE WHEN minutes < 1000 THEN minutes WHEN minutes < 10000 THEN minutes / 10 * 10 ELSE minutes / 100 * 100 END
  FROM decisions WHERE minutes IS NOT NULL;
--> statement-breakpoint
-- Taking back a denial that stopped an approval or a reversal takes that back as well; one that ended a probation does not.
DROP TRIGGER tallies_of_undoing;
--> statement-breakpoint
CREATE TRIGGER tallies_of_undoing AFTER INSERT ON events WHEN NEW.kind = 'undone' BEGIN
  INSERT INTO tallies (day, what, count) SELECT day, what, -1 FROM decision_tallies WHERE seq IN (
    SELECT d.seq FROM events l JOIN events d ON d.registration_id = l.registration_id
    WHERE l.seq = (SELECT max(seq) FROM events WHERE registration_id = NEW.registration_id AND +kind IN ('approved', 'denied', 'reopened') AND seq < NEW.seq)
      AND (d.seq = l.seq OR l.kind = 'denied' AND json_extract(l.detail, '$.probation') IS NULL AND d.kind IN ('approved', 'reopened')
        AND d.seq = (SELECT max(seq) FROM events WHERE registration_id = l.registration_id AND seq < l.seq
          AND +kind IN ('requested', 'approved', 'denied', 'reopened', 'undone'))))
    ON CONFLICT (day, what) DO UPDATE SET count = count - 1;
END;
