-- The floor of each check: the plain hash joins over the keys it reads, without time, order or reasons. One statement a check.

-- access_authorisation
SELECT count(*) FROM core.processing_events AS e
SEMI JOIN core.access_grants AS g ON g.actor_id = e.actor_id AND g.system_id = e.system_id;

-- communication_preferences
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key, channel FROM core.processing_events
  WHERE operation = 'contact') AS e
SEMI JOIN core.preference_intervals AS i
  ON i.subject_id = e.subject_id AND i.client_key = e.client_key AND i.channel = e.channel;

-- consent_coverage
SELECT count(*) FROM (
  SELECT e.subject_id, coalesce(e.client_id, '') AS client_key, a.purpose
  FROM core.processing_events AS e JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
  WHERE a.legal_basis = 'consent') AS e
SEMI JOIN core.consent_intervals AS i
  ON i.subject_id = e.subject_id AND i.client_key = e.client_key AND i.purpose = e.purpose;

-- consent_records
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.consents WHERE status = 'given') AS c
SEMI JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.processing_events) AS e
  ON e.subject_id = c.subject_id AND e.client_key = c.client_key;

-- cookie_consent
SELECT count(*) FROM (SELECT visitor_id, 'cookies:' || purpose AS purpose FROM core.cookie_events
  WHERE purpose <> 'necessary') AS e
SEMI JOIN core.consent_intervals AS i ON i.subject_id = e.visitor_id AND i.purpose = e.purpose;

-- erasure_effectiveness
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.processing_events) AS e
SEMI JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.requests) AS r
  ON r.subject_id = e.subject_id AND r.client_key = e.client_key;

-- lawful_basis
SELECT count(p.purpose), count(c.channel) FROM core.processing_events AS e
JOIN core.processing_activities AS a ON a.activity_id = e.activity_id AND a.client_id IS NOT DISTINCT FROM e.client_id
LEFT JOIN house.purpose_bases AS p ON p.purpose = a.purpose AND p.legal_basis = a.legal_basis
LEFT JOIN house.purpose_consent_channels AS c ON c.purpose = a.purpose AND c.channel = e.channel;

-- processor_scope
SELECT count(a.module) FROM core.processing_events AS e
JOIN (SELECT client_id, count(*) AS n FROM core.contracts GROUP BY client_id) AS c ON c.client_id = e.client_id
LEFT JOIN core.processing_activities AS a ON a.activity_id = e.activity_id AND a.client_id = e.client_id;

-- retention
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key, client_id FROM core.data_records) AS r
LEFT JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key, relationship_ended_on FROM core.subjects) AS s
  ON s.subject_id = r.subject_id AND s.client_key = r.client_key
LEFT JOIN (SELECT client_id, max(contract_end) AS contract_end FROM core.contracts GROUP BY client_id) AS c
  ON c.client_id = r.client_id
WHERE s.relationship_ended_on IS NULL OR c.contract_end IS NULL;

-- scope_of_processing
SELECT count(d.data_category), count(s.system_id) FROM core.processing_events AS e
JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
LEFT JOIN house.data_categories AS d ON d.data_category = e.data_category
LEFT JOIN (SELECT DISTINCT activity_id, unnest(systems) AS system_id FROM core.processing_activities) AS s
  ON s.activity_id = e.activity_id AND s.system_id = e.system_id
WHERE e.client_id IS NULL;

-- third_country_transfers
SELECT count(*) FROM (
  SELECT recipient_id FROM core.processing_events UNION ALL SELECT provider FROM core.cookie_events) AS e
JOIN core.recipients AS r ON r.recipient_id = e.recipient_id LEFT JOIN law.eea AS x ON x.country = r.country;

-- third_party_agreements
SELECT count(p.purpose) FROM (
  SELECT recipient_id, activity_id FROM core.processing_events WHERE recipient_id IS NOT NULL OR operation = 'disclose'
  UNION ALL SELECT provider, purpose FROM core.cookie_events WHERE "action" = 'sent') AS e
LEFT JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
JOIN core.recipients AS r ON r.recipient_id = e.recipient_id
LEFT JOIN (SELECT recipient_id, unnest(purposes) AS purpose FROM core.recipients) AS p
  ON p.recipient_id = e.recipient_id AND p.purpose = a.purpose;
